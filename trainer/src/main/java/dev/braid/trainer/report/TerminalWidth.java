package dev.braid.trainer.report;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;

/** Asks the controlling terminal how wide it is; shells do not export {@code COLUMNS}. */
public final class TerminalWidth {
    private static final File TERMINAL = new File("/dev/tty");
    private static final int DEADLINE_SECONDS = 2;

    private TerminalWidth() {}

    /** Columns, or 0 where there is no terminal, no {@code stty}, or no answer within two seconds. */
    public static int measure() {
        try {
            Process stty = new ProcessBuilder("stty", "size")
                    .redirectInput(TERMINAL)
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
            if (!stty.waitFor(DEADLINE_SECONDS, TimeUnit.SECONDS)) {
                stty.destroyForcibly();
                return 0;
            }
            return columns(new String(stty.getInputStream().readAllBytes(), StandardCharsets.US_ASCII));
        } catch (IOException none) {
            return 0;
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            return 0;
        }
    }

    /** The second number of {@code rows columns}, or 0. */
    static int columns(String answer) {
        String[] parts = answer.strip().split(" ");
        return parts.length == 2 && parts[1].matches("[0-9]{1,4}") ? Integer.parseInt(parts[1]) : 0;
    }
}
