package dev.braid.trainer.mesh;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.braid.models.Decoder;
import dev.braid.models.RoutingException;
import dev.braid.optimizers.AdamW;
import dev.braid.optimizers.AdamWConfig;
import dev.braid.optimizers.ScheduleConfig;
import dev.braid.parallelism.mesh.Mesh;
import dev.braid.parallelism.pipeline.schedules.ScheduleName;
import dev.braid.tensor.Compute;
import dev.braid.tensor.DType;
import dev.braid.trainer.train.RankGroup;
import dev.braid.trainer.train.RouterLoad;
import dev.braid.trainer.train.StepSettings;
import dev.braid.trainer.train.TrainStep;
import dev.braid.trainer.train.TrainingEvent;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A mixture of experts with a balance bias trains on data ranks, shards, tensor ranks and stages as on one rank. */
class MixtureLayoutsTest {
    @TempDir
    private Path folder;

    private static final int SLOTS = LayoutRun.SEQUENCES * LayoutRun.LENGTH * 2;

    @ParameterizedTest
    @CsvSource({"2, 1, 1, 0", "1, 2, 1, 3", "1, 1, 2, 0"})
    void shouldTrainOnAMeshAsOnOneRank(int replicate, int shard, int tensor, int zero) throws Exception {
        Mesh mesh = Mesh.of(replicate, shard, tensor);
        LayoutRun run = LayoutRun.of(mesh, zero).of(TinyModel.MIXTURE).withMicrobatch(6);
        LayoutRun.Outcome alone = run.alone();
        LayoutRun.Outcome divided = run.run();
        ShardingTest.assertClose(divided, alone);
        assertThat(divided.results().getFirst().routers())
                .extracting(RouterLoad::counts)
                .isEqualTo(alone.results().getFirst().routers().stream()
                        .map(RouterLoad::counts)
                        .toList());
    }

    /** A layer that backward runs again is counted once, and finds the bias that it had. */
    @Test
    void shouldCountATokenOnceWhereBlocksAreRecomputed() throws Exception {
        LayoutRun run = LayoutRun.of(Mesh.of(1, 2, 1), 3)
                .of(TinyModel.MIXTURE)
                .withMicrobatch(3)
                .forSteps(4);
        LayoutRun.Outcome outcome = run.recomputing().run();
        ShardingTest.assertSame("recomputed blocks", outcome, run.run());
        for (RouterLoad load : outcome.results().getLast().routers()) {
            assertThat(load.counts().stream().mapToLong(Long::longValue).sum()).isEqualTo(SLOTS);
        }
    }

    @Test
    void shouldMoveEachBiasByItsRateTowardsTheMean() {
        LayoutRun.Outcome outcome =
                LayoutRun.of(Mesh.SINGLE, 0).of(TinyModel.MIXTURE).forSteps(1).alone();
        for (RouterLoad load : outcome.results().getFirst().routers()) {
            float[] bias = outcome.weights().get("layers." + load.layer() + ".ffn.router.bias");
            assertThat(load.bias()).containsExactly(0., 0., 0., 0.);
            for (int expert = 0; expert < 4; expert++) {
                assertThat(bias[expert])
                        .isEqualTo(0.02f * Math.signum(SLOTS / 4 - load.counts().get(expert)));
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"ZB_H1, SYNCHRONISED", "DUALPIPE, SYNCHRONISED", "ZB_H2, OPTIMISTIC", "DUALPIPE, OPTIMISTIC"})
    void shouldTrainStagesToTheSameBits(ScheduleName name, PipelineRun.Steps kind) throws Exception {
        PipelineRun run = PipelineRun.of(4).of(TinyModel.MIXTURE).forSteps(6);
        PipelineRun.Outcome expected = run.unpipelined(name);
        PipelineRun pipelined = kind == PipelineRun.Steps.OPTIMISTIC ? run.optimistic() : run;
        pipelined.pipelined(name, 2).assertSame(expected);
    }

    /** Ranks of the same stages undo and move their biases together. */
    @Test
    void shouldUndoBiasesOfReplicas() throws Exception {
        PipelineRun run =
                PipelineRun.of(4).of(TinyModel.MIXTURE).on(Mesh.of(1, 2, 1), 1).forSteps(4);
        run.optimistic().pipelined(ScheduleName.ZB_H2, 2).assertSame(run.unpipelined(ScheduleName.ZB_H2));
    }

    /** Each stage adds up counts with its own data group, whatever its place in the schedule. */
    @ParameterizedTest
    @CsvSource({"ZB_H1, SYNCHRONISED", "ZB_V, SYNCHRONISED", "DUALPIPE, SYNCHRONISED", "ZB_H2, OPTIMISTIC"})
    void shouldAddUpGlobalCountsUnderEverySchedule(ScheduleName name, PipelineRun.Steps kind) throws Exception {
        PipelineRun run = PipelineRun.of(4)
                .of(TinyModel.GLOBAL_MIXTURE)
                .on(Mesh.of(2, 1, 1), 0)
                .forSteps(3);
        PipelineRun.Outcome outcome =
                (kind == PipelineRun.Steps.OPTIMISTIC ? run.optimistic() : run).pipelined(name, 2);
        if (name == ScheduleName.DUALPIPE) {
            // Each direction adds up its own half of the micro-batches: another order than without a pipeline.
            assertThat(outcome.results()).allMatch(result -> Double.isFinite(result.loss()));
        } else {
            outcome.assertSame(run.unpipelined(name));
        }
    }

    /** The bias is in the checkpoint, and each rank of the next mesh takes its part of it. */
    @Test
    void shouldGoOnOnAnotherMeshWithTheBiasThatItHad() throws Exception {
        String[] mixture = {
            "batch.microbatch=3",
            "model.ffns.mlp.type=moe",
            "model.ffns.mlp.experts=4",
            "model.ffns.mlp.top_k=2",
            "model.ffns.mlp.balance={loss: none, bias_rate: 0.02}"
        };
        MeshRun alone = new MeshRun(folder.resolve("whole"), mixture);
        Map<Long, Double> whole = alone.trainTo("", 6);
        MeshRun run = new MeshRun(folder.resolve("moved"), mixture);
        run.trainTo("shard=2", 3);
        Map<Long, Double> rest = run.trainTo("replicate=2", 6);
        assertThat(rest).containsOnlyKeys(4L, 5L, 6L);
        rest.forEach((step, loss) -> assertThat(loss).isCloseTo(whole.get(step), within(1e-6 * loss)));
        // Step 4 chose with what the three steps before have left: an odd number of moves by the rate, to either side.
        assertThat(biases(run, 4)).isEqualTo(biases(alone, 4)).anyMatch(bias -> Math.abs(bias) > 0.019);
    }

    private static List<Double> biases(MeshRun run, long step) {
        return run.events().stream()
                .filter(TrainingEvent.Stepped.class::isInstance)
                .map(TrainingEvent.Stepped.class::cast)
                .filter(stepped -> stepped.step() == step)
                .flatMap(stepped -> stepped.routers().stream())
                .flatMap(router -> router.bias().stream())
                .toList();
    }

    @Test
    void shouldNameLayerAndStepOfARouterThatHasGoneOutOfRange() {
        try (Compute compute = new Compute(1, "auto", "alone")) {
            Decoder model =
                    new Decoder(TinyModel.MIXTURE.config(64, 172, 2, true), LayoutRun.VOCABULARY, compute, DType.F32);
            model.initialize(7);
            AdamWConfig optimizer = new AdamWConfig(2e-3, List.of(0.9, 0.95), 1e-8, 0.1, Optional.empty());
            TrainStep step = new TrainStep(
                    model,
                    new AdamW(optimizer, model.parameters(), compute),
                    new StepSettings(2e-3, 1, new ScheduleConfig.WarmupStableDecay(3, 5, 0.1), 20, 12, false, 1),
                    RankGroup.ALONE);
            step.run(0, LayoutRun.samples(0));
            model.parameters().stream()
                    .filter(parameter -> parameter.name().equals("layers.1.ffn.router.weight"))
                    .forEach(parameter -> parameter.master().set(3, Float.NaN));
            model.refreshCompute();
            assertThatThrownBy(() -> step.run(1, LayoutRun.samples(1)))
                    .isInstanceOf(RoutingException.class)
                    .hasMessageStartingWith("step 2: the router of layer 1 has logits that are not numbers");
        }
    }
}
