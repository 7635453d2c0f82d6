package dev.braid.trainer.report;

import java.io.PrintStream;
import java.nio.charset.Charset;
import java.util.Map;

/**
 * What the place that text goes to can show.
 *
 * @param terminal lines can be rewritten in place
 * @param width columns
 * @param color escape sequences for colour are understood and wanted
 * @param unicode block and braille characters can be written
 */
public record Display(boolean terminal, int width, boolean color, boolean unicode) {
    private static final int DEFAULT_WIDTH = 100;
    private static final int NARROWEST = 20;

    public Display {
        if (width < NARROWEST) {
            throw new IllegalArgumentException("width is " + width + ", allowed is at least " + NARROWEST);
        }
    }

    /** A file or a pipe: plain lines. */
    public static Display plain(PrintStream out) {
        return new Display(false, DEFAULT_WIDTH, false, canDraw(out.charset()));
    }

    /**
     * What to do when {@code out} is or is not a terminal: {@code TERM=dumb} or no {@code TERM} gives plain lines,
     * {@code NO_COLOR} (not empty) no colours, {@code COLUMNS} the width where the shell exports it.
     *
     * @param measuredWidth used when {@code COLUMNS} is not set; below 20 means unknown
     */
    public static Display of(PrintStream out, boolean terminal, Map<String, String> environment, int measuredWidth) {
        String kind = environment.getOrDefault("TERM", "");
        if (!terminal || kind.isEmpty() || kind.equals("dumb")) {
            return plain(out);
        }
        boolean color = environment.getOrDefault("NO_COLOR", "").isEmpty();
        int width = columns(environment.getOrDefault("COLUMNS", ""));
        if (width < NARROWEST) {
            width = measuredWidth < NARROWEST ? DEFAULT_WIDTH : measuredWidth;
        }
        return new Display(true, width, color, canDraw(out.charset()));
    }

    private static int columns(String text) {
        return text.matches("[0-9]{1,4}") ? Integer.parseInt(text) : 0;
    }

    private static boolean canDraw(Charset charset) {
        return charset.canEncode() && charset.newEncoder().canEncode("█░⣿─│●");
    }
}
