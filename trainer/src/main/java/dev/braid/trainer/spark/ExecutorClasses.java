package dev.braid.trainer.spark;

import org.apache.spark.SparkConf;

/**
 * Whether executors in JVMs of their own would find Braid. spark-submit ships its jar; a program started in any other way has
 * classes in folders that no executor knows, and {@code local-cluster} starts executors from a Spark installation besides.
 */
final class ExecutorClasses {
    /** Set by spark-submit for whatever it starts, in every deploy mode. */
    private static final String SUBMITTED = "spark.app.submitTime";

    private static final String JARS = "spark.jars";
    private static final String CLASS_PATH = "spark.executor.extraClassPath";

    private ExecutorClasses() {}

    /**
     * Checks where the executors of {@code master} get Braid's classes from.
     *
     * @param submitted the configuration that this process was started with
     * @throws IllegalArgumentException when they would not have them; the message has the command that works
     */
    static void require(SparkConf submitted, Master master) {
        boolean known = submitted.contains(SUBMITTED) || submitted.contains(JARS) || submitted.contains(CLASS_PATH);
        if (!master.sameProcess() && !known) {
            throw new IllegalArgumentException("""
                    the executors of %s are JVMs of their own, which get Braid's classes from spark-submit only; run
                      ./braid package
                      spark-submit --master '%s' --class dev.braid.trainer.Braid trainer/target/braid.jar ...
                    with the same command, less --master, in place of the dots; or leave --master out to use this machine""".formatted(master.url(), master.url()));
        }
    }
}
