package dev.braid.trainer.mesh;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.braid.parallelism.mesh.Mesh;
import dev.braid.parallelism.pipeline.schedules.ScheduleName;
import dev.braid.tensor.DType;
import dev.braid.trainer.train.StepResult;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Modules that predict further tokens train on tensor ranks, shards and stages as on one rank. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class MultiTokenLayoutsTest {
    private final Map<TinyModel, LayoutRun.Outcome> alone = new EnumMap<>(TinyModel.class);

    private LayoutRun.Outcome alone(TinyModel model) {
        return alone.computeIfAbsent(
                model, parts -> LayoutRun.of(Mesh.SINGLE, 0).of(parts).alone());
    }

    @Test
    void shouldReportTheLossesOfTheModulesAndLearnFromThem() {
        List<StepResult> results = alone(TinyModel.AHEAD).results();

        // ln 300 = 5.7 where nothing is known; the text has something to learn also two and three places ahead.
        assertThat(results.getFirst().moduleLosses())
                .hasSize(2)
                .allSatisfy(loss -> assertThat(loss).isBetween(5.5, 6.0));
        for (int k = 0; k < 2; k++) {
            assertThat(results.getLast().moduleLosses().get(k))
                    .isLessThan(results.getFirst().moduleLosses().get(k) - 0.3);
        }
    }

    /** Micro-batches have other numbers of valid tokens each: the weights of the losses are those of the whole step. */
    @ParameterizedTest
    @EnumSource(names = {"AHEAD", "AHEAD_TIED"})
    void shouldTrainInMicrobatchesAsInOne(TinyModel model) {
        LayoutRun run = LayoutRun.of(Mesh.SINGLE, 0).of(model);
        assertClose(run.withMicrobatch(5).alone(), alone(model));
    }

    @ParameterizedTest
    @EnumSource(names = {"AHEAD", "AHEAD_TIED"})
    void shouldTrainOnTensorRanksAsOnOne(TinyModel model) throws Exception {
        assertClose(LayoutRun.of(Mesh.of(1, 1, 2), 0).of(model).run(), alone(model));
    }

    @ParameterizedTest
    @EnumSource(names = {"AHEAD", "AHEAD_TIED"})
    void shouldTrainShardsAsOneRank(TinyModel model) throws Exception {
        Mesh mesh = Mesh.of(1, 2, 1);
        LayoutRun.Outcome sharded = LayoutRun.of(mesh, 3).of(model).run();
        assertClose(sharded, alone(model));
        for (int stage = 0; stage <= 2; stage++) {
            ShardingTest.assertSame(
                    "stage " + stage, LayoutRun.of(mesh, stage).of(model).run(), sharded);
        }
    }

    @Test
    void shouldRecomputeShardedBlocksWithoutAChangeOfBits() throws Exception {
        LayoutRun run = LayoutRun.of(Mesh.of(1, 2, 2), 3)
                .of(TinyModel.AHEAD_TIED)
                .withMicrobatch(3)
                .forSteps(4);
        ShardingTest.assertSame("recomputed blocks", run.recomputing().run(), run.run());
    }

    @ParameterizedTest
    @CsvSource({"GPIPE, F32", "ONE_F_ONE_B, BF16", "ZB_H1, F32", "ZB_V, BF16", "DUALPIPE, F32"})
    void shouldTrainStagesToTheSameBits(ScheduleName name, DType dtype) throws Exception {
        PipelineRun run = PipelineRun.of(4).of(TinyModel.AHEAD).in(dtype).forSteps(4);
        run.pipelined(name, 2).assertSame(run.unpipelined(name));
    }

    @Test
    void shouldTrainShardedStagesOfTensorRanksToTheSameBits() throws Exception {
        PipelineRun run =
                PipelineRun.of(4).of(TinyModel.AHEAD).forSteps(3).recomputing().on(Mesh.of(1, 2, 2), 1);
        run.pipelined(ScheduleName.ZB_H1, 2).assertSame(run.unpipelined(ScheduleName.ZB_H1));
    }

    @Test
    void shouldGiveTheSameBitsWhenStepsDoNotWaitForTheNorm() throws Exception {
        PipelineRun run = PipelineRun.of(4).of(TinyModel.AHEAD).forSteps(4).on(Mesh.of(2, 1, 1), 0);
        run.optimistic()
                .pipelined(ScheduleName.ZB_H1, 2)
                .assertSame(run.synchronised().pipelined(ScheduleName.ZB_H1, 2));
    }

    /** The gradient of a tied head and that of its look-ups add up in the order of the passes: the same but for rounding. */
    @ParameterizedTest
    @EnumSource(names = {"GPIPE", "ZB_H1"})
    void shouldTrainStagesWithTiedEmbeddingsToTheSameLosses(ScheduleName name) throws Exception {
        PipelineRun run = PipelineRun.of(4).of(TinyModel.AHEAD_TIED).forSteps(6);
        assertLosses(run.pipelined(name, 2).results(), run.unpipelined(name).results());
    }

    private static void assertClose(LayoutRun.Outcome actual, LayoutRun.Outcome expected) {
        ShardingTest.assertClose(actual, expected);
        assertLosses(actual.results(), expected.results());
    }

    private static void assertLosses(List<StepResult> actual, List<StepResult> expected) {
        assertThat(actual).hasSameSizeAs(expected);
        for (int s = 0; s < expected.size(); s++) {
            StepResult step = expected.get(s);
            assertThat(actual.get(s).loss()).isCloseTo(step.loss(), within(2e-6 * step.loss()));
            for (int k = 0; k < 2; k++) {
                double loss = step.moduleLosses().get(k);
                assertThat(actual.get(s).moduleLosses().get(k))
                        .as("loss of module %d in step %d", k, s)
                        .isCloseTo(loss, within(2e-6 * loss));
            }
        }
    }
}
