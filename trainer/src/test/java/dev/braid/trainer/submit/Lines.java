package dev.braid.trainer.submit;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/** Waits for what another process writes. */
final class Lines {
    private static final int LOOK_EVERY_MILLISECONDS = 20;

    /** What the process has written until now, for the message of a failed test. */
    interface Log {
        String read() throws IOException;
    }

    private Lines() {}

    /** Waits until {@code file} has at least {@code lines} lines; fails when {@code writer} ends or the deadline passes before. */
    static void await(Process writer, Path file, int lines, Duration deadline, Log log)
            throws IOException, InterruptedException {
        long end = System.nanoTime() + deadline.toNanos();
        while (!Files.exists(file) || Files.readAllLines(file).size() < lines) {
            if (!writer.isAlive() || System.nanoTime() > end) {
                throw new AssertionError("no " + lines + " lines in " + file + ": " + log.read());
            }
            writer.waitFor(LOOK_EVERY_MILLISECONDS, TimeUnit.MILLISECONDS);
        }
    }
}
