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
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Runs gloo_bench.py, which times gloo's collectives between processes of this host.
 *
 * @param script the program
 * @param python an interpreter that has PyTorch
 */
record GlooBench(Path script, String python) {
    private static final Pattern LINE = Pattern.compile("gloo n=(\\d+) (\\w+) (\\d+)KB (\\d+)us busbw=([0-9.]+)GB/s");
    private static final int DEADLINE_MINUTES = 10;

    /** One line of it. */
    record Row(CommPlan.Point point, double micros) {}

    /** As the environment says: BRAID_PEERS is the script's folder, BRAID_PEERS_PYTHON the interpreter. */
    static Optional<GlooBench> find(Map<String, String> environment) {
        String folder = environment.getOrDefault("BRAID_PEERS", "");
        String python = environment.getOrDefault("BRAID_PEERS_PYTHON", "");
        Path script = Path.of(folder, "gloo_bench.py");
        return python.isEmpty() || !Files.isRegularFile(script)
                ? Optional.empty()
                : Optional.of(new GlooBench(script, python));
    }

    /** Measures with {@code ranks} processes. */
    List<Row> run(int ranks) throws IOException, InterruptedException {
        File errors = File.createTempFile("gloo", ".log");
        try {
            Process process = new ProcessBuilder(python, script.toString(), Integer.toString(ranks))
                    .redirectError(errors)
                    .start();
            try {
                List<Row> rows = new ArrayList<>();
                process.inputReader().lines().forEach(line -> parse(line).ifPresent(rows::add));
                if (!process.waitFor(DEADLINE_MINUTES, TimeUnit.MINUTES) || process.exitValue() != 0) {
                    throw new IllegalStateException("gloo_bench.py failed: " + Files.readString(errors.toPath()));
                }
                return rows;
            } finally {
                process.descendants().forEach(ProcessHandle::destroyForcibly);
                process.destroyForcibly();
            }
        } finally {
            Files.delete(errors.toPath());
        }
    }

    static Optional<Row> parse(String line) {
        Matcher matcher = LINE.matcher(line);
        if (!matcher.matches()) {
            return Optional.empty();
        }
        long bytes = Long.parseLong(matcher.group(3)) << 10;
        return CommOperation.of(matcher.group(2))
                .map(operation -> new Row(new CommPlan.Point(operation, bytes), Double.parseDouble(matcher.group(4))));
    }
}
