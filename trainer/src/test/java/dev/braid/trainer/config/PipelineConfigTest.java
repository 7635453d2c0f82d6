package dev.braid.trainer.config;

import static org.assertj.core.api.Assertions.assertThat;

import dev.braid.config.ConfigException;
import dev.braid.parallelism.mesh.Mesh;
import dev.braid.parallelism.pipeline.schedules.ScheduleName;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The pipeline keys: what they default to, what they refuse, and what the mesh, the model and the batch must be for them. */
class PipelineConfigTest {
    /** Seven layers; eight micro-batches for one data rank, four for each of two. */
    private static final String YAML = """
            model:
              dim: 64
              layers: 7
              context: 128
              mixers: {attn: {type: attention, heads: 8, kv_heads: 4}}
              ffns: {mlp: {type: swiglu, hidden: 176}}
              pattern: [attn+mlp]
            data: {sources: [{path: texts}]}
            batch: {sequences: 16, microbatch: 2}
            train: {steps: 20}
            optimizer: {type: adamw, lr: 1.0e-3}
            """;

    private static Experiment read(String... overrides) {
        return Experiment.parse("small.yaml", YAML, List.of(overrides));
    }

    private static List<String> faults(String... overrides) {
        try {
            throw new AssertionError("no fault, but " + read(overrides));
        } catch (ConfigException e) {
            return e.faults().stream()
                    .map(Object::toString)
                    .filter(fault -> !fault.contains("does not fit the model and the batch"))
                    .toList();
        }
    }

    @Test
    void shouldRunOneForwardOneBackwardByDefault() {
        Experiment experiment = read("parallel.pipeline=2");
        assertThat(experiment.parallel().mesh()).isEqualTo(new Mesh(2, 1, 1, 1, 1));
        assertThat(experiment.pipeline().scheduleName()).isEqualTo("1f1b");
        assertThat(experiment.pipeline().layers()).isEmpty();
        assertThat(experiment.pipeline().memoryLimitBytes()).isEmpty();
        assertThat(experiment.pipeline().stepsOptimistically()).isFalse();
    }

    @Test
    void shouldDivideOptimizerStateOverTheShardGroupOfAPipelineByDefault() {
        assertThat(read("parallel={pipeline: 2, shard: 2}").parallel().zeroStage())
                .isEqualTo(1);
        assertThat(read("parallel={pipeline: 2, shard: 2, zero: 0}").parallel().zeroStage())
                .isZero();
        assertThat(read("parallel={pipeline: 2}").parallel().zeroStage()).isZero();
    }

    @Test
    void shouldReadBackWhatItWrites() {
        Experiment written = read(
                "parallel.pipeline=2",
                "pipeline={schedule: interleaved, virtual_stages: 3, layers: [2, 1, 1, 1, 1, 1], memory_limit: 8GiB,"
                        + " optimistic_step: true}");
        assertThat(written.pipeline().chunks()).isEqualTo(3);
        assertThat(written.pipeline().memoryLimitBytes()).hasValue(8L << 30);
        assertThat(Experiment.parse("config.yaml", written.toYaml(), List.of())).isEqualTo(written);
        Experiment automatic = read("parallel.pipeline=2", "pipeline.layers=auto");
        assertThat(automatic.toYaml()).contains("layers: auto\n");
        assertThat(Experiment.parse("config.yaml", automatic.toYaml(), List.of()))
                .isEqualTo(automatic);
    }

    @Test
    void shouldKnowEverySchedule() {
        List<String> names = new ArrayList<>(ScheduleName.labels());
        names.add("my.schedule");
        names.forEach(name -> assertThat(read("parallel.pipeline=2", "pipeline.schedule=" + name)
                        .pipeline()
                        .scheduleName())
                .isEqualTo(name));
    }

    /** So that the reference of a pipelined run is the same file with one key changed. */
    @ParameterizedTest
    @ValueSource(strings = {"1f1b", "zb-v", "dualpipe"})
    void shouldTakeAScheduleWithoutAPipeline(String name) {
        assertThat(read("pipeline.schedule=" + name).parallel().pipeline()).isEqualTo(1);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            virtual_stages: 2       | -s pipeline: pipeline.virtual_stages: is 2, but parallel.pipeline is 1, where it would do nothing; remove the key
            layers: [7]             | -s pipeline: pipeline.layers: is [7], but parallel.pipeline is 1, where it would do nothing; remove the key
            memory_limit: 1GiB      | -s pipeline: pipeline.memory_limit: is 1GiB, but parallel.pipeline is 1, where it would do nothing; remove the key
            optimistic_step: false  | -s pipeline: pipeline.optimistic_step: is false, but parallel.pipeline is 1, where it would do nothing; remove the key
            schedule: my.steps      | -s pipeline: pipeline.schedule: is the file my.steps, but parallel.pipeline is 1, where only a schedule's groups of gradients count; write dualpipe for its two groups, or remove the key
            schedule: ' '           | -s pipeline: pipeline.schedule: is empty, must name a schedule or a file; remove the key to use 1f1b
            """)
    void shouldRefuseKeysThatWouldDoNothingWithoutAPipeline(String keys, String fault) {
        assertThat(faults("pipeline={" + keys + "}")).containsExactly(fault);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            virtual_stages: 2 | -s pipeline: pipeline.virtual_stages: is 2, but schedule is 1f1b, where it would do nothing; remove the key
            schedule: zb-v, virtual_stages: 2 | -s pipeline: pipeline.virtual_stages: is 2, but schedule is zb-v, where it would do nothing; remove the key
            schedule: own/steps, virtual_stages: 2 | -s pipeline: pipeline.virtual_stages: is 2, but the file of the schedule says it, where it would do nothing; remove the key
            schedule: interleaved, virtual_stages: 1 | -s pipeline: pipeline.virtual_stages: is 1, but interleaved has 2 or more; or write schedule: 1f1b
            schedule: interleaved, virtual_stages: 0 | -s pipeline: pipeline.virtual_stages: is 0, must be at least 1
            schedule: interleaved, virtual_stages: 5 | -s parallel.pipeline: is 2, which makes 10 stages with schedule interleaved, but 7 layers can be cut into 9 at most: only the first, with the embedding, and the last, with the head, may have none; make the pipeline shorter, or take a schedule with fewer stages a rank
            layers: [3, 3] | -s pipeline: pipeline.layers: adds up to 6 layers, but model.layers is 7; raise or lower some of the numbers by 1 in all
            layers: [7] | -s pipeline: pipeline.layers: has 1 numbers, but the pipeline has 2 stages; write one number of layers for each stage, or auto
            memory_limit: 8 elephants | -s pipeline: pipeline.memory_limit: '8 elephants' is not a size; allowed are bytes or a number with KB, MB, GB, TB, KiB, MiB, GiB, TiB; write memory_limit: 8GiB
            """)
    void shouldRefuseWhatDoesNotFitTheScheduleOrTheModel(String keys, String fault) {
        assertThat(faults("parallel.pipeline=2", "pipeline={" + keys + "}")).containsExactly(fault);
    }

    @Test
    void shouldNameTheSchedulesThatThereAre() {
        assertThat(faults("parallel.pipeline=2", "pipeline.schedule=zb-h3"))
                .singleElement()
                .asString()
                .startsWith(
                        "-s pipeline.schedule: is 'zb-h3', which is no schedule; allowed are gpipe, 1f1b, interleaved,")
                .endsWith(", and files, which have a . or / in their names");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            pipeline: 4 | schedule: dualpipe, layers: auto | batch={sequences: 6, microbatch: 1} | -s parallel: parallel.pipeline: is 4, where schedule dualpipe is not defined for the 6 micro-batches of a data rank; allowed are batch.sequences 8
            pipeline: 2 | schedule: dualpipe-v | batch={sequences: 16, microbatch: 16} | -s parallel: parallel.pipeline: is 2, where schedule dualpipe-v is not defined for the one micro-batch of a data rank; allowed are batch.microbatch 1, 2, 4, or batch.sequences 64
            pipeline: 2, shard: 2 | schedule: dualpipe | batch={sequences: 20, microbatch: 2} | -s parallel: parallel.pipeline: is 2, where schedule dualpipe is not defined for the 5 micro-batches of a data rank; allowed are batch.microbatch 1, or batch.sequences 24
            pipeline: 3 | schedule: dualpipe | batch={sequences: 16} | -s parallel: parallel.pipeline: is 3, but schedule dualpipe is not defined on so many ranks; allowed are 2 and 4
            """)
    void shouldSayWhichBatchesWork(String parallel, String pipeline, String batch, String fault) {
        assertThat(faults("parallel={" + parallel + "}", "pipeline={" + pipeline + "}", batch))
                .containsExactly(fault);
    }

    @Test
    void shouldRefuseGroupsThatAreNotEqual() {
        assertThat(faults("pipeline.schedule=dualpipe", "batch={sequences: 3, microbatch: 1}"))
                .containsExactly(
                        "-s pipeline.schedule: is dualpipe, which adds up gradients in two equal groups of micro-batches, but a"
                                + " data rank has 3; make batch.microbatch smaller, or batch.sequences larger");
    }

    @Test
    void shouldRefuseGroupsWhereEveryMicrobatchIsReduced() {
        assertThat(faults("parallel={shard: 2, zero: 2, accumulate: sharded}", "pipeline.schedule=dualpipe"))
                .containsExactly(
                        "-s parallel: parallel.accumulate: is sharded, where gradients are reduced after every micro-batch,"
                                + " but schedule dualpipe adds them up in two groups; write whole, or remove"
                                + " pipeline.schedule");
        assertThat(read("parallel={shard: 2, zero: 2, accumulate: whole}", "pipeline.schedule=dualpipe")
                        .parallel()
                        .accumulatesSharded())
                .isFalse();
        assertThat(read("parallel={shard: 2, zero: 2, accumulate: sharded}", "pipeline.schedule=1f1b")
                        .parallel()
                        .accumulatesSharded())
                .isTrue();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            zero: 2 | -s parallel: parallel.zero: is 2, but pipeline is 2: a rank adds up its whole gradient until the step's end, so that dividing it saves nothing; write 1 or 0
            zero: 3 | -s parallel: parallel.zero: is 3, but pipeline is 2: each stage's parameters would be gathered again for every micro-batch, forward and backward; write 1 or 0
            zeropp: [qwz] | -s parallel: parallel.zeropp: is [qwz], which needs zero 3, but pipeline is 2, where parameters are not divided; remove the key
            accumulate: whole | -s parallel: parallel.accumulate: is whole, but zero is 1, where it would do nothing; remove the key
            reshard_after_forward: true | -s parallel: parallel.reshard_after_forward: is true, but zero is 1, where it would do nothing; remove the key
            """)
    void shouldRefuseWaysOfShardingThatDoNotGoWithAPipeline(String keys, String fault) {
        assertThat(faults("parallel={pipeline: 2, shard: 2, " + keys + "}")).containsExactly(fault);
    }

    @Test
    void shouldTakeKeysOfCommunicationWhereOnlyThePipelineHasSeveralRanks() {
        assertThat(read("parallel={pipeline: 2, transport: tcp}").parallel().transport())
                .hasValue("tcp");
    }

    @Test
    void shouldNameTheNearestPipelineThatWorks() {
        assertThatFaults("parallel={pipeline: 4, tensor: 3}")
                .anyMatch(fault ->
                        fault.endsWith("pipeline 4 x replicate 1 x shard 1 x tensor 3 = 12 ranks does not fit the model"
                                + " and the batch; the nearest layout of 12 ranks that does is pipeline 3 x replicate 1 x shard 1 x"
                                + " tensor 4"));
    }

    private static org.assertj.core.api.ListAssert<String> assertThatFaults(String... overrides) {
        try {
            throw new AssertionError("no fault, but " + read(overrides));
        } catch (ConfigException e) {
            return assertThat(e.faults().stream().map(Object::toString).toList());
        }
    }
}
