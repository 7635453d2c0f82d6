package dev.braid.trainer.spark;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.apache.spark.SparkConf;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ExecutorClassesTest {
    private static void require(String master, String... pairs) {
        SparkConf conf = new SparkConf(false);
        for (int i = 0; i < pairs.length; i += 2) {
            conf.set(pairs[i], pairs[i + 1]);
        }
        ExecutorClasses.require(conf, Master.parse(master));
    }

    @ParameterizedTest
    @ValueSource(strings = {"local-cluster[2,1,1024]", "spark://host:7077", "yarn"})
    void shouldSendWhoStartedBraidByItselfToSparkSubmit(String master) {
        assertThatThrownBy(() -> require(master))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("the executors of " + master + " are JVMs of their own")
                .hasMessageContaining("spark-submit --master '" + master + "' --class dev.braid.trainer.Braid");
    }

    @Test
    void shouldTrustWhatSparkSubmitStarted() {
        assertThatCode(() -> require("yarn", "spark.app.submitTime", "1700000000000"))
                .doesNotThrowAnyException();
    }

    @ParameterizedTest
    @ValueSource(strings = {"spark.jars", "spark.executor.extraClassPath"})
    void shouldTrustWhoSaysWhereTheClassesAre(String key) {
        assertThatCode(() -> require("spark://host:7077", key, "/opt/braid.jar"))
                .doesNotThrowAnyException();
    }

    @Test
    void shouldNotMindWhereThereAreNoExecutors() {
        assertThatCode(() -> require("local[4]")).doesNotThrowAnyException();
    }
}
