package dev.braid.trainer.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.braid.parallelism.mesh.Mesh;
import java.util.Map;
import java.util.Optional;
import org.apache.spark.SparkConf;
import org.junit.jupiter.api.Test;

class SparkPlanTest {
    @Test
    void shouldUseAllProcessorsOfThisMachineWhenNothingIsSaid() {
        SparkPlan plan = plan(1, Optional.empty(), conf());

        assertThat(plan.configuration().get("spark.master")).isEqualTo("local[8]");
        assertThat(plan.layout()).isEqualTo(new RankLayout(Mesh.of(1, 1, 1), 8, true, false));
        assertThat(plan.configuration().get("spark.driver.host")).isEqualTo("127.0.0.1");
        assertThat(plan.configuration().get("spark.ui.enabled")).isEqualTo("false");
        assertThat(plan.limits().retries()).isZero();
    }

    @Test
    void shouldShareTheProcessorsBetweenRanks() {
        SparkPlan plan = plan(3, Optional.empty(), conf());

        assertThat(plan.configuration().get("spark.master")).isEqualTo("local[6]");
        assertThat(plan.layout()).isEqualTo(new RankLayout(Mesh.of(1, 3, 1), 2, true, false));
    }

    @Test
    void shouldGiveEachRankOneCoreWhenThereAreMoreRanksThanProcessors() {
        assertThat(plan(20, Optional.empty(), conf()).layout())
                .isEqualTo(new RankLayout(Mesh.of(1, 20, 1), 1, true, false));
    }

    @Test
    void shouldReadTheFormsOfALocalMaster() {
        assertThat(plan(1, Optional.of("local"), conf()).layout().cores()).isEqualTo(1);
        assertThat(plan(2, Optional.of("local[*]"), conf()).layout().cores()).isEqualTo(4);
        assertThat(plan(2, Optional.of("local[4, 2]"), conf()).layout().cores()).isEqualTo(2);
    }

    @Test
    void shouldRejectMoreRanksThanALocalMasterHasThreads() {
        assertThatThrownBy(() -> plan(4, Optional.of("local[2]"), conf()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("this run has 4 ranks (replicate 1 x shard 4 x tensor 1), but --master local[2] has room"
                        + " for 2; use --master local[4] or make the mesh smaller (parallel.*)");
    }

    @Test
    void shouldRejectAMasterThatSparkDoesNotKnow() {
        assertThatThrownBy(() -> plan(1, Optional.of("lokal[2]"), conf()))
                .hasMessage("no Spark master is called lokal[2]; allowed are local, local[4], local[*],"
                        + " spark://HOST:PORT, yarn, k8s://HOST:PORT and, for tests,"
                        + " local-cluster[WORKERS,CORES,MEGABYTES]");
    }

    @Test
    void shouldRespectTheMasterOfSparkSubmit() {
        SparkPlan plan = plan(1, Optional.empty(), conf("spark.master", "local[3]", "spark.app.name", "mine"));

        assertThat(plan.configuration().get("spark.master")).isEqualTo("local[3]");
        assertThat(plan.configuration().get("spark.app.name")).isEqualTo("mine");
        assertThat(plan.layout().cores()).isEqualTo(3);
    }

    @Test
    void shouldRejectAMasterOnTheCommandLineThatContradictsSparkSubmit() {
        assertThatThrownBy(() -> plan(1, Optional.of("local[2]"), conf("spark.master", "yarn")))
                .hasMessage(
                        "this run was submitted to yarn, but its own command line says --master local[2]; leave that"
                                + " one out");
    }

    @Test
    void shouldGiveARankAWholeExecutorByAProfileOfItsOwn() {
        SparkPlan plan = plan(2, Optional.of("spark://host:7077"), conf("spark.executor.cores", "16"));

        assertThat(plan.layout()).isEqualTo(new RankLayout(Mesh.of(1, 2, 1), 16, false, true));
        assertThat(plan.limits().retries()).isEqualTo(3);
    }

    @Test
    void shouldTakeTheCoresOfATaskWhenTheyAreSet() {
        SparkConf conf = conf("spark.executor.cores", "16", "spark.task.cpus", "8", "spark.executor.instances", "2");

        assertThat(plan(4, Optional.of("yarn"), conf).layout())
                .isEqualTo(new RankLayout(Mesh.of(1, 4, 1), 8, false, false));
    }

    @Test
    void shouldAskForTheCoresOfAnExecutor() {
        assertThatThrownBy(() -> plan(1, Optional.of("yarn"), conf()))
                .hasMessage(
                        "on yarn Braid must know the cores of an executor: set spark.executor.cores (a rank gets all"
                                + " of them unless spark.task.cpus says less)");
    }

    @Test
    void shouldRejectTaskCoresThatNoExecutorHas() {
        SparkConf conf = conf("spark.executor.cores", "4", "spark.task.cpus", "8");

        assertThatThrownBy(() -> plan(1, Optional.of("yarn"), conf))
                .hasMessage(
                        "spark.task.cpus is 8, but an executor has 4 cores; allowed is 1 to 4, usually 4 (one rank an"
                                + " executor)");
    }

    @Test
    void shouldRejectMoreRanksThanExecutorsWereAskedFor() {
        SparkConf conf = conf("spark.executor.cores", "4", "spark.executor.instances", "3");

        assertThatThrownBy(() -> plan(4, Optional.of("k8s://https://host:6443"), conf))
                .hasMessage(
                        "this run has 4 ranks (replicate 1 x shard 4 x tensor 1) of 4 cores, all at once, but spark.executor.instances=3 with"
                                + " spark.executor.cores=4 has room for 3; raise spark.executor.instances, lower spark.task.cpus,"
                                + " or make the mesh smaller (parallel.*)");
    }

    @Test
    void shouldRejectMoreRanksThanTheCoresOfAStandaloneApplication() {
        SparkConf conf = conf("spark.executor.cores", "4", "spark.cores.max", "4");

        assertThatThrownBy(() -> plan(2, Optional.of("spark://host:7077"), conf))
                .hasMessageContaining("but spark.cores.max=4 has room for 1; raise spark.cores.max");
    }

    @Test
    void shouldRejectMoreRanksThanALocalClusterHasCores() {
        assertThatThrownBy(() -> plan(3, Optional.of("local-cluster[1,2,1024]"), conf()))
                .hasMessageContaining("but local-cluster[1,2,1024] has room for 1; raise --master");
    }

    @Test
    void shouldNameTheMeshThatHasNoRoom() {
        SparkSettings settings =
                new SparkSettings("test", Optional.of("local-cluster[2,2,1024]"), Mesh.of(2, 1, 2), Map.of());

        assertThatThrownBy(() -> SparkPlan.of(settings, conf(), 8))
                .hasMessage("this run has 4 ranks (replicate 2 x shard 1 x tensor 2) of 2 cores, all at once, but"
                        + " local-cluster[2,2,1024] has room for 2; raise --master, lower spark.task.cpus, or make the"
                        + " mesh smaller (parallel.*)");
        assertThat(SparkPlan.of(settings, conf("spark.task.cpus", "1"), 8).layout())
                .isEqualTo(new RankLayout(Mesh.of(2, 1, 2), 1, false, false));
    }

    @Test
    void shouldTryAsOftenAsSparkDoes() {
        SparkConf once = conf("spark.executor.cores", "4", "spark.stage.maxConsecutiveAttempts", "1");
        assertThat(plan(2, Optional.of("yarn"), once).limits().retries()).isZero();
        SparkConf local = conf("spark.stage.maxConsecutiveAttempts", "3");
        assertThat(plan(2, Optional.empty(), local).limits().retries()).isEqualTo(2);
        SparkConf never = conf("spark.stage.maxConsecutiveAttempts", "0");
        assertThatThrownBy(() -> plan(2, Optional.empty(), never).limits())
                .hasMessage("spark.stage.maxConsecutiveAttempts is 0, must be at least 1: 1 tries only once");
    }

    @Test
    void shouldRejectDynamicAllocation() {
        SparkConf conf = conf("spark.executor.cores", "4", "spark.dynamicAllocation.enabled", "true");

        assertThatThrownBy(() -> plan(1, Optional.of("yarn"), conf))
                .hasMessage("Spark does not run barrier stages with dynamic allocation; set"
                        + " spark.dynamicAllocation.enabled=false");
    }

    @Test
    void shouldReportDynamicAllocationAndTooFewSlotsAtOnce() {
        SparkConf conf = conf("spark.executor.cores", "4", "spark.dynamicAllocation.enabled", "true");

        assertThatThrownBy(() -> plan(3, Optional.of("yarn"), conf))
                .hasMessageStartingWith("Spark does not run barrier stages with dynamic allocation; set")
                .hasMessageContaining("but spark.executor.instances=2 with spark.executor.cores=4 has room for 2; raise"
                        + " spark.executor.instances");
    }

    @Test
    void shouldNotMindDynamicAllocationInOneJvm() {
        SparkConf conf = conf("spark.dynamicAllocation.enabled", "true");

        assertThat(plan(2, Optional.of("local[2]"), conf).layout())
                .isEqualTo(new RankLayout(Mesh.of(1, 2, 1), 1, true, false));
    }

    @Test
    void shouldAddItsFlagsToTheExecutorOptionsOfTheUser() {
        SparkConf conf = conf("spark.executor.cores", "4", "spark.executor.extraJavaOptions", "-Dmine=1");
        SparkPlan plan = plan(1, Optional.of("yarn"), conf);

        assertThat(plan.configuration().get("spark.executor.extraJavaOptions"))
                .isEqualTo("--add-opens=java.base/jdk.internal.misc=ALL-UNNAMED"
                        + " --add-opens=java.base/java.util.zip=ALL-UNNAMED"
                        + " -Djdk.incubator.vector.VECTOR_ACCESS_OOB_CHECK=0"
                        + " -Dorg.bytedeco.javacpp.maxphysicalbytes=0 -Dmine=1");
    }

    private static SparkPlan plan(int ranks, Optional<String> master, SparkConf conf) {
        return SparkPlan.of(new SparkSettings("test", master, Mesh.of(1, ranks, 1), Map.of()), conf, 8);
    }

    private static SparkConf conf(String... pairs) {
        SparkConf conf = new SparkConf(false);
        for (int i = 0; i < pairs.length; i += 2) {
            conf.set(pairs[i], pairs[i + 1]);
        }
        return conf;
    }
}
