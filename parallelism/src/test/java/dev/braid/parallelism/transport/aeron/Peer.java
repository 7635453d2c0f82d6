package dev.braid.parallelism.transport.aeron;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.Writer;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** {@link PeerMain} in a JVM of its own, seen from the test. */
final class Peer implements AutoCloseable {
    private final Process process;
    private final BufferedReader output;
    private final Writer input;
    final String endpoint;

    Peer(Path base) throws IOException {
        List<String> command = new ArrayList<>();
        command.add(ProcessHandle.current().info().command().orElse("java"));
        ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
                .filter(argument -> argument.startsWith("--"))
                .forEach(command::add);
        command.addAll(List.of("-Xmx128m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp"));
        command.add(System.getProperty("java.class.path"));
        command.addAll(List.of(PeerMain.class.getName(), base.toString()));
        process = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        output = process.inputReader(StandardCharsets.UTF_8);
        input = process.outputWriter(StandardCharsets.UTF_8);
        endpoint = output.readLine();
    }

    long processId() {
        return process.pid();
    }

    void say(String line) throws IOException {
        input.write(line + "\n");
        input.flush();
    }

    String line() throws IOException {
        return output.readLine();
    }

    /** As {@code kill -9} does. */
    void kill() {
        process.destroyForcibly();
        awaitEnd();
    }

    /** Stops it as {@code SIGSTOP} does. False where that cannot be done. */
    boolean stop() {
        try {
            return new ProcessBuilder("kill", "-STOP", Long.toString(processId()))
                            .start()
                            .onExit()
                            .join()
                            .exitValue()
                    == 0;
        } catch (IOException noSuchCommand) {
            return false;
        }
    }

    private void awaitEnd() {
        process.onExit().orTimeout(20, TimeUnit.SECONDS).join();
    }

    /** Lets it close in order. */
    void end() throws IOException {
        input.close();
        assertThat(output.readLine()).isEqualTo("closed");
        awaitEnd();
        assertThat(process.exitValue()).isZero();
    }

    @Override
    public void close() {
        kill();
    }
}
