package dev.braid.trainer.spark;

import java.util.Optional;
import org.apache.spark.SparkConf;
import org.apache.spark.sql.SparkSession;

/**
 * A checked Spark configuration and the layout of the ranks on it. Making one starts nothing; {@link #open} does.
 *
 * @param configuration all {@code spark.*} keys of the run
 * @param layout how many ranks, and how many cores each
 */
public record SparkPlan(SparkConf configuration, RankLayout layout) {
    /** Flags that executors need beyond those which Spark adds by itself. */
    private static final String EXECUTOR_OPTIONS = "--add-opens=java.base/jdk.internal.misc=ALL-UNNAMED"
            + " --add-opens=java.base/java.util.zip=ALL-UNNAMED"
            + " -Djdk.incubator.vector.VECTOR_ACCESS_OOB_CHECK=0"
            + " -Dorg.bytedeco.javacpp.maxphysicalbytes=0";

    private static final String ATTEMPTS = "spark.stage.maxConsecutiveAttempts";

    private static final String NATIVE_VARIANT = "org.bytedeco.javacpp.platform.extension";

    /**
     * Makes the plan for this process: on top of what spark-submit has set, on all cores of this machine when nothing says
     * otherwise.
     *
     * @throws IllegalArgumentException when the ranks can't all run at once, and the message names the key to change; or when
     *     executors would not find Braid, because this process was not started by spark-submit
     */
    public static SparkPlan of(SparkSettings settings) {
        SparkConf submitted = new SparkConf();
        SparkPlan plan = of(settings, submitted, Runtime.getRuntime().availableProcessors());
        ExecutorClasses.require(submitted, Master.parse(plan.configuration().get("spark.master")));
        return plan;
    }

    /** The same with a given starting point and number of processors. */
    static SparkPlan of(SparkSettings settings, SparkConf submitted, int processors) {
        SparkConf conf = submitted.clone();
        settings.configuration().forEach(conf::setIfMissing);
        Master master = Master.parse(masterOf(settings, submitted, processors));
        conf.set("spark.master", master.url());
        RankLayout layout = Preflight.layout(conf, master, settings.mesh(), processors);
        applyDefaults(conf, settings, master);
        return new SparkPlan(conf, layout);
    }

    private static String masterOf(SparkSettings settings, SparkConf submitted, int processors) {
        Optional<String> asked = settings.master();
        if (!submitted.contains("spark.master")) {
            int ranks = settings.mesh().ranks();
            int cores = Math.max(1, processors / ranks);
            return asked.orElse("local[%d]".formatted(ranks * cores));
        }
        String given = submitted.get("spark.master");
        if (asked.isPresent() && !asked.get().equals(given)) {
            throw new IllegalArgumentException(
                    "this run was submitted to %s, but its own command line says --master %s; leave that one out"
                            .formatted(given, asked.get()));
        }
        return given;
    }

    private static void applyDefaults(SparkConf conf, SparkSettings settings, Master master) {
        conf.setIfMissing("spark.app.name", "braid " + settings.application());
        conf.setIfMissing("spark.ui.enabled", "false");
        conf.setIfMissing("spark.ui.showConsoleProgress", "false");
        conf.setIfMissing("spark.barrier.sync.timeout", "600s");
        if (master.sameHost()) {
            conf.setIfMissing("spark.driver.host", "127.0.0.1");
            conf.setIfMissing("spark.driver.bindAddress", "127.0.0.1");
        }
        if (!master.sameProcess()) {
            // how often Spark looks whether enough executors have come for all ranks: 10 minutes, as by default, but
            // soon
            conf.setIfMissing("spark.scheduler.barrier.maxConcurrentTasksCheck.interval", "2s");
            conf.setIfMissing("spark.scheduler.barrier.maxConcurrentTasksCheck.maxFailures", "300");
            conf.setIfMissing("spark.task.reaper.enabled", "true");
            conf.setIfMissing("spark.task.reaper.killTimeout", "180s");
            String options = conf.get("spark.executor.extraJavaOptions", "");
            String variant = System.getProperty(NATIVE_VARIANT);
            String flag =
                    variant == null || options.contains(NATIVE_VARIANT) ? "" : " -D" + NATIVE_VARIANT + "=" + variant;
            conf.set("spark.executor.extraJavaOptions", (EXECUTOR_OPTIONS + flag + " " + options).strip());
        }
    }

    /** Starts Spark, or takes over the session that runs in this process. */
    public SparkSession open() {
        return SparkSession.builder().config(configuration).getOrCreate();
    }

    /** Deadlines and retries that suit where the ranks run, and no more of these than Spark would carry out. */
    public CoordinatorLimits limits() {
        CoordinatorLimits standard = CoordinatorLimits.standard(layout.local());
        if (!configuration.contains(ATTEMPTS)) {
            return standard;
        }
        int attempts = configuration.getInt(ATTEMPTS, 1);
        if (attempts < 1) {
            throw new IllegalArgumentException(
                    ATTEMPTS + " is " + attempts + ", must be at least 1: 1 tries only once");
        }
        return standard.withRetries(attempts - 1);
    }
}
