package dev.braid.trainer.mesh;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.withinPercentage;

import dev.braid.data.Sample;
import dev.braid.models.Decoder;
import dev.braid.optimizers.AdamW;
import dev.braid.optimizers.AdamWConfig;
import dev.braid.parallelism.ExposedTime;
import dev.braid.parallelism.pipeline.Action;
import dev.braid.parallelism.pipeline.ActivationMemory;
import dev.braid.parallelism.pipeline.Schedule;
import dev.braid.parallelism.pipeline.StageCosts;
import dev.braid.tensor.Category;
import dev.braid.tensor.Memory;
import dev.braid.tensor.trace.Flight;
import dev.braid.tensor.trace.Recorder;
import dev.braid.tensor.trace.Span;
import dev.braid.trainer.config.Experiment;
import dev.braid.trainer.train.MeshRanks;
import dev.braid.trainer.train.PipelineLayout;
import dev.braid.trainer.train.StepSettings;
import dev.braid.trainer.train.TrainStep;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The most bytes of activations that each rank of a pipeline holds between actions: what the simulator counts, in units of the bytes
 * that a stage holds for its first micro-batch.
 */
class HeldActivationsTest {
    private static final int VOCABULARY = 512;
    private static final int LENGTH = 64;

    private static Experiment experiment(int ranks, String schedule) {
        return Experiment.parse("held.yaml", """
                model:
                  dim: 64
                  layers: 9
                  context: %d
                  tie_embeddings: true
                  vocab: %d
                  mixers: {attn: {type: attention, heads: 4, kv_heads: 2}}
                  ffns: {mlp: {type: swiglu, hidden: 160}}
                  pattern: [attn+mlp]
                data:
                  sources: [{path: jdk-source}]
                  tokenizer: {type: bpe, vocab: %d}
                batch: {sequences: 8, microbatch: 1}
                train: {steps: 3}
                optimizer: {type: adamw, lr: 1e-3}
                precision: {compute: f32}
                parallel: {pipeline: %d}
                pipeline: {schedule: %s}
                """.formatted(LENGTH, VOCABULARY, VOCABULARY, ranks, schedule), List.of());
    }

    @ParameterizedTest
    @CsvSource({
        "2, gpipe",
        "4, 1f1b",
        "2, interleaved",
        "4, zb-h1",
        "4, zb-h2",
        "2, zb-1p",
        "2, zb-2p",
        "4, zb-v",
        "2, v-half",
        "4, v-min",
        "4, dualpipe",
        "4, dualpipe-v"
    })
    void shouldHoldWhatTheSimulatorCounts(int ranks, String name) throws Exception {
        Experiment experiment = experiment(ranks, name);
        PipelineLayout layout =
                PipelineLayout.of(experiment, VOCABULARY, Optional.empty()).orElseThrow();
        List<long[]> held =
                MeshWorld.run(experiment.parallel().mesh(), rank -> heldAfterActions(experiment, layout, rank));

        Schedule schedule = layout.schedule();
        StageCosts units = firstMicrobatch(schedule, held);
        for (int rank = 0; rank < ranks; rank++) {
            double most = Arrays.stream(held.get(rank)).max().orElseThrow();
            double simulated = ActivationMemory.peak(schedule.actions(rank), units);
            assertThat(most).as("rank %d", rank).isPositive().isCloseTo(simulated, withinPercentage(5));
        }
    }

    /** What each stage holds from F to I, and from I to W, for the micro-batch that it begins with. */
    private static StageCosts firstMicrobatch(Schedule schedule, List<long[]> held) {
        List<StageCosts.Stage> stages = new ArrayList<>();
        for (int stage = 0; stage < schedule.map().stages(); stage++) {
            int rank = schedule.map().rank(0, stage);
            double activations = change(schedule, held, rank, Action.Kind.F, stage);
            double kept = activations + change(schedule, held, rank, Action.Kind.I, stage);
            stages.add(new StageCosts.Stage(0, 0, 0, activations, kept));
        }
        return new StageCosts(stages, 0);
    }

    private static double change(Schedule schedule, List<long[]> held, int rank, Action.Kind kind, int stage) {
        List<Action> actions = schedule.actions(rank);
        int first = IntStream.range(0, actions.size())
                .filter(index ->
                        actions.get(index).kind() == kind && actions.get(index).stage() == stage)
                .findFirst()
                .orElse(-1);
        if (first < 0) {
            return 0;
        }
        return held.get(rank)[first] - (first == 0 ? 0 : held.get(rank)[first - 1]);
    }

    private static long[] heldAfterActions(Experiment experiment, PipelineLayout layout, MeshWorld.Rank rank) {
        Memory memory = rank.compute().memory();
        MeshRanks ranks = new MeshRanks(
                rank.groups(),
                experiment.parallel().sharding(),
                LayoutRun.oneHost(experiment.parallel().mesh()),
                Optional.of(layout),
                memory,
                new ExposedTime());
        Decoder model = ranks.decoder(
                experiment.model(),
                VOCABULARY,
                rank.compute(),
                experiment.precision().computeType());
        model.initialize(1);
        AdamW optimizer = new AdamW((AdamWConfig) experiment.optimizer(), model.parameters(), rank.compute());
        TrainStep step = new TrainStep(model, optimizer, StepSettings.of(experiment), ranks);
        List<Action> actions = layout.schedule().actions(rank.rank());
        List<Long> held = new ArrayList<>();
        long before = memory.live(Category.ACTIVATIONS);
        step.record(new Recorder() {
            @Override
            public void span(Span.Kind kind, String name, long startNanos, long endNanos) {
                if (held.size() < actions.size()
                        && name.equals(actions.get(held.size()).toString())) {
                    held.add(memory.live(Category.ACTIVATIONS) - before);
                }
            }

            @Override
            public void flight(Flight flight) {}
        });
        step.run(0, samples());
        assertThat(held).hasSameSizeAs(actions);
        return held.stream().mapToLong(bytes -> bytes).toArray();
    }

    private static List<Sample> samples() {
        SplittableRandom random = new SplittableRandom(5);
        int[] positions = IntStream.range(0, LENGTH).toArray();
        return IntStream.range(0, 8)
                .mapToObj(index -> random.ints(LENGTH + 1L, 0, VOCABULARY).toArray())
                .map(tokens -> new Sample(
                        Arrays.copyOf(tokens, LENGTH),
                        Arrays.copyOfRange(tokens, 1, LENGTH + 1),
                        positions,
                        new int[LENGTH]))
                .toList();
    }
}
