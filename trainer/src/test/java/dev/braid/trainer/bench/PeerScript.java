package dev.braid.trainer.bench;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * A Python program to compare with.
 *
 * @param script the program
 * @param python an interpreter that has PyTorch
 */
record PeerScript(Path script, String python) {
    private static final int DEADLINE_MINUTES = 10;

    /** As the environment says: BRAID_PEERS is the scripts' folder, BRAID_PEERS_PYTHON the interpreter. */
    static Optional<PeerScript> find(String name, Map<String, String> environment) {
        String folder = environment.getOrDefault("BRAID_PEERS", "");
        String python = environment.getOrDefault("BRAID_PEERS_PYTHON", "");
        Path script = Path.of(folder, name);
        return python.isEmpty() || !Files.isRegularFile(script)
                ? Optional.empty()
                : Optional.of(new PeerScript(script, python));
    }

    /** Runs it with {@code arguments}; the lines that it prints. */
    List<String> run(String... arguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(python, script.toString()));
        command.addAll(List.of(arguments));
        return lines(command);
    }

    /** Runs any program and returns the lines that it prints; throws when it fails. */
    static List<String> lines(List<String> command) throws IOException, InterruptedException {
        File errors = File.createTempFile("program", ".log");
        try {
            Process process = new ProcessBuilder(command).redirectError(errors).start();
            try {
                List<String> lines = process.inputReader().lines().toList();
                if (!process.waitFor(DEADLINE_MINUTES, TimeUnit.MINUTES) || process.exitValue() != 0) {
                    throw new IllegalStateException(command + " failed: " + Files.readString(errors.toPath()));
                }
                return lines;
            } finally {
                process.descendants().forEach(ProcessHandle::destroyForcibly);
                process.destroyForcibly();
            }
        } finally {
            Files.delete(errors.toPath());
        }
    }
}
