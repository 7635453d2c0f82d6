package dev.braid.trainer.submit;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** The packaged program in a JVM of its own, with the flags that {@code ./braid} passes, so that it can be killed. */
final class BraidProcess {
    private static final Path FLAGS = Path.of("src/main/launcher/jvm.flags");

    private final Process process;
    private final Path log;

    private BraidProcess(Process process, Path log) {
        this.process = process;
        this.log = log;
    }

    static BraidProcess start(Path folder, String... arguments) throws IOException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        for (String line : Files.readAllLines(FLAGS)) {
            if (!line.isBlank() && !line.startsWith("#")) {
                command.add(line.strip());
            }
        }
        String rest = Files.readString(Path.of("target/classpath.txt")).strip();
        command.addAll(
                List.of("-Xmx1g", "-cp", Path.of("target/braid.jar").toAbsolutePath() + File.pathSeparator + rest));
        command.add("dev.braid.trainer.Braid");
        command.addAll(List.of(arguments));
        Path log = Files.createTempFile(folder, "braid", ".log");
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        return new BraidProcess(process, log);
    }

    /** Waits until {@code file} has at least {@code lines} lines. */
    void awaitLines(Path file, int lines, Duration deadline) throws IOException, InterruptedException {
        Lines.await(process, file, lines, deadline, this::output);
    }

    /** Ends the process as {@code kill -9} does. */
    void kill() throws InterruptedException {
        process.destroyForcibly();
        process.waitFor();
    }

    /** Asks the process to end as {@code kill} does (SIGTERM). */
    void terminate() {
        process.destroy();
    }

    /** Exit code. */
    int waitFor(Duration deadline) throws InterruptedException, IOException {
        if (!process.waitFor(deadline.toSeconds(), TimeUnit.SECONDS)) {
            process.destroyForcibly();
            throw new AssertionError("not done after " + deadline + ": " + output());
        }
        return process.exitValue();
    }

    /** What it wrote. */
    String output() throws IOException {
        return Files.readString(log);
    }
}
