package dev.braid.trainer.report;

import java.io.PrintStream;

/**
 * Lines of text above one line that is rewritten in place. Where the output is not a terminal only the lines are written. Any
 * thread may call; each call writes in one piece.
 */
public final class StatusLine implements AutoCloseable {
    private static final String CLEAR = "\r\033[K";
    private static final String CLIP = "\033[?7l";
    private static final String WRAP = "\033[?7h";

    private final PrintStream out;
    private final Display display;
    private String status = "";

    public StatusLine(PrintStream out, Display display) {
        this.out = out;
        this.display = display;
    }

    /** What the output can show. */
    public Display display() {
        return display;
    }

    /** Replaces the line in place; nothing happens where the output is not a terminal. */
    public synchronized void status(String text) {
        if (display.terminal()) {
            status = text;
            out.print(drawn());
            out.flush();
        }
    }

    /** Writes a line that stays, above the one in place. */
    public synchronized void line(String text) {
        if (status.isEmpty()) {
            out.print(text + "\n");
        } else {
            out.print(CLEAR + text + "\n" + drawn());
        }
        out.flush();
    }

    /** Takes the line in place away. */
    public synchronized void clear() {
        if (!status.isEmpty()) {
            status = "";
            out.print(CLEAR);
            out.flush();
        }
    }

    /** Ends the line in place and leaves it to be read. */
    @Override
    public synchronized void close() {
        if (!status.isEmpty()) {
            status = "";
            out.print("\n");
            out.flush();
        }
    }

    /** Wrapping is off meanwhile: a terminal made narrower since then clips the line and does not scroll. */
    private String drawn() {
        return CLIP + "\r" + status + "\033[K" + WRAP;
    }
}
