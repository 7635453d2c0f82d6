package dev.braid.trainer.submit;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A standalone master and its workers, each in a JVM of its own, on free ports of the loopback; closing it ends them all. */
final class StandaloneCluster implements AutoCloseable {
    private static final Duration DEADLINE = Duration.ofMinutes(1);
    private static final Pattern URL = Pattern.compile("Starting Spark master at (spark://127\\.0\\.0\\.1:\\d+)");
    private static final Pattern REGISTERED = Pattern.compile("Successfully registered with master");

    private final SubmittedSpark spark;
    private final List<Process> workers = new ArrayList<>();
    private final String url;
    private final Process master;

    /**
     * Starts them and waits until the master knows all workers.
     *
     * @param spark whose Spark home they use
     * @param cores of each worker
     */
    StandaloneCluster(SubmittedSpark spark, int workers, int cores) throws IOException, InterruptedException {
        this.spark = spark;
        Path log = spark.home().resolve("master.log");
        this.master = start(log, "master.Master", List.of());
        try {
            this.url = await(master, log, URL).group(1);
            List<Path> logs = new ArrayList<>();
            for (int worker = 0; worker < workers; worker++) {
                logs.add(spark.home().resolve("worker-" + worker + ".log"));
                String folder = spark.home().resolve("work").toString();
                List<String> arguments =
                        List.of("--cores", "" + cores, "--memory", "8g", "--work-dir", folder + "/" + worker, url);
                this.workers.add(start(logs.getLast(), "worker.Worker", arguments));
            }
            for (int worker = 0; worker < workers; worker++) {
                await(this.workers.get(worker), logs.get(worker), REGISTERED);
            }
        } catch (IOException | InterruptedException | RuntimeException | Error failure) {
            close();
            throw failure;
        }
    }

    /** What {@code --master} takes. */
    String url() {
        return url;
    }

    /** One of the workers, below which its executors are. */
    ProcessHandle worker(int index) {
        return workers.get(index).toHandle();
    }

    private Process start(Path log, String mainClass, List<String> arguments) throws IOException {
        List<String> command =
                new ArrayList<>(spark.java(List.of("-Xmx256m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")));
        command.add("org.apache.spark.deploy." + mainClass);
        command.addAll(List.of("--host", "127.0.0.1", "--port", "0", "--webui-port", "0"));
        command.addAll(arguments);
        return spark.process(command)
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
    }

    private static Matcher await(Process process, Path log, Pattern pattern) throws IOException, InterruptedException {
        long end = System.nanoTime() + DEADLINE.toNanos();
        while (true) {
            String text = Files.readString(log);
            Matcher matcher = pattern.matcher(text);
            if (matcher.find()) {
                return matcher;
            }
            if (!process.isAlive() || System.nanoTime() > end) {
                throw new AssertionError("no line with " + pattern + " in " + log + ": " + text);
            }
            process.waitFor(20, TimeUnit.MILLISECONDS);
        }
    }

    @Override
    public void close() {
        List<ProcessHandle> executors =
                workers.stream().flatMap(Process::descendants).toList();
        workers.forEach(Process::destroyForcibly);
        executors.forEach(ProcessHandle::destroyForcibly);
        master.destroyForcibly();
    }
}
