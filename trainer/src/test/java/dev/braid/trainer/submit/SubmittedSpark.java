package dev.braid.trainer.submit;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.apache.spark.launcher.JavaModuleOptions;

/**
 * Submits programs to a real Spark: Spark's own {@code SparkSubmit} in a JVM of its own, and executors in further JVMs. The
 * Spark is made of the jars that the build resolved; {@code braid.jar} must have been packaged, so tests that use this carry
 * the tag {@code submit}.
 */
public final class SubmittedSpark {
    /** One worker of two cores and 6 GiB in a JVM of its own. */
    public static final String LOCAL_CLUSTER = "local-cluster[1,2,6144]";

    private static final Path TARGET = Path.of("target").toAbsolutePath();
    private static final Path SPARK_JARS = Path.of("..", "data-pipeline", "target", "spark-classpath.txt");
    private static final Path BRAID_JAR = TARGET.resolve("braid.jar");
    private static final List<String> QUICK = List.of("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC");

    private final Path home;
    private final String classPath;
    private final List<String> options = new ArrayList<>();
    private final List<String> driverFlags = new ArrayList<>(List.of("-Xmx1g"));
    private String master = LOCAL_CLUSTER;
    private String jar = BRAID_JAR.toString();

    /**
     * What a submitted program did.
     *
     * @param exit its exit code
     * @param output its standard output
     * @param errors its standard error, with Spark's log
     */
    public record Outcome(int exit, String output, String errors) {}

    /**
     * Prepares a Spark home in {@code target/spark/NAME}; what an earlier test left there is deleted.
     *
     * @param name a name that no other test uses
     */
    public SubmittedSpark(String name) throws IOException {
        home = TARGET.resolve("spark").resolve(name);
        delete(home);
        classPath = Files.readString(SPARK_JARS).strip();
        Path jars = Files.createDirectories(home.resolve("jars"));
        for (String jar : classPath.split(File.pathSeparator)) {
            Path source = Path.of(jar);
            Files.createSymbolicLink(jars.resolve(source.getFileName()), source);
        }
        Files.writeString(home.resolve("RELEASE"), "Spark from the jars of the build\n");
    }

    /** Adds options of spark-submit, for example {@code --conf spark.executor.memory=2g}. */
    public SubmittedSpark with(String... submitOptions) {
        options.addAll(List.of(submitOptions));
        return this;
    }

    /** Takes another master than {@link #LOCAL_CLUSTER}. */
    public SubmittedSpark on(String other) {
        master = other;
        return this;
    }

    /**
     * For runs of seconds: executors read {@code braid.jar} where it lies, as on machines where it is installed, and get no copies
     * of its 250 MB; and no JVM spends time on code that is fast only after a minute.
     */
    public SubmittedSpark forSeconds() {
        jar = "local:" + BRAID_JAR;
        driverFlags.addAll(QUICK);
        return with("--conf", "spark.executor.extraJavaOptions=" + String.join(" ", QUICK));
    }

    /** Submits {@code braid ARGUMENTS} and waits for its end. */
    public Outcome braid(Duration deadline, String... arguments) throws IOException, InterruptedException {
        try (Submission submission = start(arguments)) {
            return submission.waitFor(deadline);
        }
    }

    /** Submits {@code braid ARGUMENTS}. */
    Submission start(String... arguments) throws IOException {
        return submit("dev.braid.trainer.Braid", jar, arguments);
    }

    /** Submits a main class of another jar that finds Braid's classes as {@code --jars}. */
    public Outcome program(String mainClass, Path jar, Duration deadline, String... arguments)
            throws IOException, InterruptedException {
        with("--jars", BRAID_JAR.toString());
        try (Submission submission = submit(mainClass, jar.toString(), arguments)) {
            return submission.waitFor(deadline);
        }
    }

    private Submission submit(String mainClass, String program, String... arguments) throws IOException {
        List<String> command = new ArrayList<>(java(driverFlags));
        command.add("org.apache.spark.deploy.SparkSubmit");
        command.addAll(List.of("--master", master, "--class", mainClass));
        command.addAll(List.of("--conf", "spark.driver.host=127.0.0.1", "--conf", "spark.ui.enabled=false"));
        command.addAll(options);
        command.add(program);
        command.addAll(List.of(arguments));
        Path output = home.resolve("driver.out");
        Path errors = home.resolve("driver.err");
        Process driver = process(command)
                .redirectOutput(output.toFile())
                .redirectError(errors.toFile())
                .start();
        return new Submission(driver, output, errors);
    }

    /** The start of a command line that runs a class of Spark with Spark's own flags and {@code further} ones. */
    List<String> java(List<String> further) {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(List.of(JavaModuleOptions.defaultModuleOptionArray()));
        command.addAll(further);
        command.addAll(List.of("-cp", classPath));
        return command;
    }

    /** A process in the Spark home, which finds Spark and the JDK as those that Spark's scripts start do. */
    ProcessBuilder process(List<String> command) {
        ProcessBuilder builder = new ProcessBuilder(command).directory(home.toFile());
        builder.environment().put("SPARK_HOME", home.toString());
        builder.environment().put("SPARK_SCALA_VERSION", "2.13");
        builder.environment().put("SPARK_LOCAL_IP", "127.0.0.1");
        builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
        return builder;
    }

    private static void delete(Path folder) throws IOException {
        if (Files.notExists(folder)) {
            return;
        }
        List<Path> inner;
        try (Stream<Path> walk = Files.walk(folder)) {
            inner = walk.sorted(Comparator.reverseOrder()).toList();
        }
        for (Path path : inner) {
            Files.delete(path);
        }
    }

    /** The Spark home: the program's working folder, with the executors' logs in {@code work/}. */
    public Path home() {
        return home;
    }

    /** What the executors wrote, log files and output, for the message of a failed test. */
    public String executorLogs() throws IOException {
        StringBuilder logs = new StringBuilder();
        Path work = home.resolve("work");
        if (Files.isDirectory(work)) {
            List<Path> files;
            try (Stream<Path> walk = Files.walk(work)) {
                files = walk.filter(file -> file.endsWith("stderr") || file.endsWith("stdout"))
                        .toList();
            }
            for (Path file : files) {
                logs.append(file).append(":\n").append(Files.readString(file)).append('\n');
            }
        }
        return logs.toString();
    }
}
