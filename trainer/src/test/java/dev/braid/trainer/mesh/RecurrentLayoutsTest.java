package dev.braid.trainer.mesh;

import dev.braid.parallelism.mesh.Mesh;
import dev.braid.parallelism.pipeline.schedules.ScheduleName;
import dev.braid.tensor.DType;
import java.util.EnumMap;
import java.util.Map;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Recurrent layers, and hybrids of them with attention, train on tensor ranks, shards and stages as on one rank. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class RecurrentLayoutsTest {
    private final Map<TinyModel, LayoutRun.Outcome> alone = new EnumMap<>(TinyModel.class);

    private LayoutRun.Outcome alone(TinyModel model) {
        return alone.computeIfAbsent(
                model, parts -> LayoutRun.of(Mesh.SINGLE, 0).of(parts).alone());
    }

    @ParameterizedTest
    @EnumSource(
            mode = EnumSource.Mode.EXCLUDE,
            names = {"LLAMA", "MIXTURE", "GLOBAL_MIXTURE", "EXPERTS", "AHEAD", "AHEAD_TIED"})
    void shouldTrainOnTensorRanksAsOnOne(TinyModel model) throws Exception {
        ShardingTest.assertClose(LayoutRun.of(Mesh.of(1, 1, 2), 0).of(model).run(), alone(model));
    }

    @ParameterizedTest
    @EnumSource(
            mode = EnumSource.Mode.EXCLUDE,
            names = {"LLAMA", "MIXTURE", "GLOBAL_MIXTURE", "EXPERTS", "AHEAD", "AHEAD_TIED"})
    void shouldTrainShardsAsOneRank(TinyModel model) throws Exception {
        Mesh mesh = Mesh.of(1, 2, 1);
        LayoutRun.Outcome sharded = LayoutRun.of(mesh, 3).of(model).run();
        ShardingTest.assertClose(sharded, alone(model));
        for (int stage = 0; stage <= 2; stage++) {
            ShardingTest.assertSame(
                    "stage " + stage, LayoutRun.of(mesh, stage).of(model).run(), sharded);
        }
    }

    @ParameterizedTest
    @EnumSource(
            mode = EnumSource.Mode.EXCLUDE,
            names = {"LLAMA", "MIXTURE", "GLOBAL_MIXTURE", "EXPERTS", "AHEAD", "AHEAD_TIED"})
    void shouldRecomputeShardedBlocksWithoutAChangeOfBits(TinyModel model) throws Exception {
        LayoutRun run = LayoutRun.of(Mesh.of(1, 2, 2), 3).of(model).forSteps(4);
        ShardingTest.assertSame("recomputed blocks", run.recomputing().run(), run.run());
    }

    @ParameterizedTest
    @EnumSource(
            mode = EnumSource.Mode.EXCLUDE,
            names = {"LLAMA", "MIXTURE", "GLOBAL_MIXTURE", "EXPERTS", "AHEAD", "AHEAD_TIED"})
    void shouldTrainStagesToTheSameBits(TinyModel model) throws Exception {
        assertSame(PipelineRun.of(4).of(model), ScheduleName.ZB_H1);
    }

    @ParameterizedTest
    @EnumSource(
            mode = EnumSource.Mode.EXCLUDE,
            names = {"LLAMA", "MIXTURE", "GLOBAL_MIXTURE", "EXPERTS", "AHEAD", "AHEAD_TIED"})
    void shouldRecomputeStagesToTheSameBits(TinyModel model) throws Exception {
        PipelineRun run = PipelineRun.of(4).of(model).forSteps(4).recomputing();
        assertSame(run.on(Mesh.of(1, 2, 1), 1), ScheduleName.ONE_F_ONE_B);
    }

    @ParameterizedTest
    @EnumSource(
            mode = EnumSource.Mode.EXCLUDE,
            names = {"LLAMA", "MIXTURE", "GLOBAL_MIXTURE", "EXPERTS", "AHEAD", "AHEAD_TIED"})
    void shouldTrainStagesOfTensorRanksToTheSameBits(TinyModel model) throws Exception {
        PipelineRun run = PipelineRun.of(4).of(model).forSteps(4);
        assertSame(run.on(Mesh.of(1, 1, 2), 0), ScheduleName.ZB_H1);
    }

    /** What the first layer passes to all others goes through each stage, and its gradient back, in any order of the halves. */
    @ParameterizedTest
    @CsvSource({"ZB_V, BF16", "DUALPIPE, F32"})
    void shouldPassTheFirstLayersValuesThroughStages(ScheduleName name, DType dtype) throws Exception {
        assertSame(PipelineRun.of(4).of(TinyModel.RWKV7).in(dtype).forSteps(4), name);
    }

    private static void assertSame(PipelineRun run, ScheduleName name) throws Exception {
        run.pipelined(name, 2).assertSame(run.unpipelined(name));
    }
}
