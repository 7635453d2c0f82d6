package dev.braid.trainer.submit;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A driver that SparkSubmit runs in a JVM of its own; closing it ends the driver and every process that it started. */
final class Submission implements AutoCloseable {
    private final Process driver;
    private final Path output;
    private final Path errors;

    Submission(Process driver, Path output, Path errors) {
        this.driver = driver;
        this.output = output;
        this.errors = errors;
    }

    /** The driver and what it started: in a local cluster the executors too. */
    ProcessHandle process() {
        return driver.toHandle();
    }

    /** Waits until {@code file} has at least {@code lines} lines. */
    void awaitLines(Path file, int lines, Duration deadline) throws IOException, InterruptedException {
        Lines.await(driver, file, lines, deadline, this::everything);
    }

    /** Waits for the end of the driver. */
    SubmittedSpark.Outcome waitFor(Duration deadline) throws IOException, InterruptedException {
        if (!driver.waitFor(deadline.toSeconds(), TimeUnit.SECONDS)) {
            throw new AssertionError("not done after " + deadline.toSeconds() + " s: " + everything());
        }
        return new SubmittedSpark.Outcome(driver.exitValue(), Files.readString(output), Files.readString(errors));
    }

    private String everything() throws IOException {
        return Files.readString(output) + "\n" + Files.readString(errors);
    }

    @Override
    public void close() {
        List<ProcessHandle> started = driver.descendants().toList();
        driver.destroyForcibly();
        started.forEach(ProcessHandle::destroyForcibly);
    }
}
