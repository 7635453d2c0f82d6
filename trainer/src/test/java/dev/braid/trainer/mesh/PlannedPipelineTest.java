package dev.braid.trainer.mesh;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.withinPercentage;

import dev.braid.data.Sample;
import dev.braid.models.Decoder;
import dev.braid.optimizers.AdamW;
import dev.braid.optimizers.AdamWConfig;
import dev.braid.parallelism.ExposedTime;
import dev.braid.parallelism.pipeline.TimedAction;
import dev.braid.tensor.Category;
import dev.braid.tensor.Memory;
import dev.braid.trainer.config.Experiment;
import dev.braid.trainer.config.ParallelConfig;
import dev.braid.trainer.plan.PipelinePlan;
import dev.braid.trainer.plan.PlanInput;
import dev.braid.trainer.plan.Term;
import dev.braid.trainer.train.MeshRanks;
import dev.braid.trainer.train.PipelineLayout;
import dev.braid.trainer.train.StepSettings;
import dev.braid.trainer.train.TrainStep;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A plan of a pipeline is held against the bytes that its ranks count: in their memories, and on their links. */
class PlannedPipelineTest {
    private static final int VOCABULARY = 1024;
    private static final int LENGTH = 128;

    private static Experiment experiment(
            String keys, String schedule, String compute, boolean tied, String recompute, String... settings) {
        String yaml = """
                model:
                  dim: 128
                  layers: 7
                  context: %d
                  tie_embeddings: %s
                  vocab: %d
                  mixers: {attn: {type: attention, heads: 4, kv_heads: 2}}
                  ffns: {mlp: {type: swiglu, hidden: 320}}
                  pattern: [attn+mlp]
                data:
                  sources: [{path: jdk-source}]
                  tokenizer: {type: bpe, vocab: %d}
                batch: {sequences: 16, microbatch: 2}
                train: {steps: 3, recompute: %s}
                optimizer: {type: adamw, lr: 1e-3}
                precision: {compute: %s}
                parallel: {%s}
                pipeline: {schedule: %s}
                """.formatted(
                        LENGTH, tied, VOCABULARY, VOCABULARY, recompute, compute, keys.replace(';', ','), schedule);
        return Experiment.parse("planned.yaml", yaml, List.of(settings));
    }

    /** Bytes that a rank counted: held between steps, most of activations and of all, and sent in a step. */
    private record Counted(int place, long held, long activations, long peak, long sent) {}

    @ParameterizedTest(name = "{0}, {1}, {2}, tied {3}, recompute {4}")
    @CsvSource({
        "pipeline: 2, gpipe, f32, false, none",
        "pipeline: 2, 1f1b, f32, true, none",
        "pipeline: 4, 1f1b, bf16, false, none",
        "pipeline: 2, interleaved, f32, true, none",
        "pipeline: 2, zb-h1, f32, false, none",
        "pipeline: 2, zb-h2, bf16, true, none",
        "pipeline: 2, zb-2p, f32, true, none",
        "pipeline: 2, zb-v, f32, true, none",
        "pipeline: 2, v-min, bf16, false, none",
        "pipeline: 2, dualpipe, f32, true, none",
        "pipeline: 4, dualpipe, bf16, false, none",
        "pipeline: 2, dualpipe-v, f32, false, none",
        "pipeline: 2, 1f1b, f32, true, block",
        "pipeline: 2, zb-h1, bf16, false, block",
        "pipeline: 2; shard: 2, zb-h1, bf16, true, none",
        "pipeline: 2; tensor: 2, zb-v, bf16, false, none",
    })
    void shouldForetellWhatRanksHoldAndSend(
            String keys, String schedule, String compute, boolean tied, String recompute) throws Exception {
        assertForetold(experiment(keys, schedule, compute, tied, recompute));
    }

    @ParameterizedTest(name = "{0}, {1}, {2}, tied {3}, recompute {4}, depth {5}")
    @CsvSource({
        "pipeline: 2, 1f1b, f32, true, none, 1",
        "pipeline: 2, zb-h1, bf16, false, none, 2",
        "pipeline: 2, dualpipe, f32, false, none, 1",
        "pipeline: 2, 1f1b, f32, false, block, 1",
        "pipeline: 2; tensor: 2, zb-v, bf16, true, none, 1",
    })
    void shouldForetellMultiTokenPrediction(
            String keys, String schedule, String compute, boolean tied, String recompute, int depth) throws Exception {
        assertForetold(experiment(keys, schedule, compute, tied, recompute, "model.mtp.depth=" + depth));
    }

    /** The two of a pair are in the midst of their work at once. How many rows travel depends on the tokens. */
    @ParameterizedTest(name = "{0}, {1}, {2}, recompute {3}")
    @CsvSource({
        "pipeline: 2; shard: 2; expert: 2; zero: 0, zb-h1, f32, none",
        "pipeline: 2; shard: 2; expert: 2; zero: 0, dualpipe, f32, none",
        "pipeline: 2; shard: 2; expert: 2; zero: 0, dualpipe-v, bf16, none",
        "pipeline: 2; shard: 2; expert: 2; zero: 0, dualpipe, f32, block",
        "pipeline: 2; shard: 2; expert: 2; zero: 0, dualpipe-v, bf16, block",
    })
    void shouldForetellExpertsOnSeveralRanks(String keys, String schedule, String compute, String recompute)
            throws Exception {
        assertForetold(
                experiment(
                        keys,
                        schedule,
                        compute,
                        false,
                        recompute,
                        "model.ffns={mlp: {type: moe, experts: 8, top_k: 2, hidden: 160, router: {type: hash}}}"),
                12);
    }

    /** Where rows travel, the two take turns, and so begin and end together. */
    @ParameterizedTest
    @CsvSource({"1, false", "2, true"})
    void shouldPlanPairsAsTheyRun(int experts, boolean together) {
        Experiment experiment = experiment(
                "pipeline: 2; shard: 2; expert: " + experts,
                "dualpipe",
                "f32",
                false,
                "none",
                "model.ffns={mlp: {type: moe, experts: 8, top_k: 2, hidden: 160}}");
        PipelineLayout layout =
                PipelineLayout.of(experiment, VOCABULARY, Optional.empty()).orElseThrow();
        List<TimedAction> rank = PipelinePlan.of(
                        PlanInput.of(experiment, VOCABULARY, 1), layout.schedule(), layout.split(), false)
                .simulation()
                .ranks()
                .getFirst();
        boolean overlap = IntStream.range(1, rank.size())
                .anyMatch(i -> rank.get(i).start() < rank.get(i - 1).end());
        assertThat(overlap).isEqualTo(together);
    }

    private static void assertForetold(Experiment experiment) throws Exception {
        assertForetold(experiment, 1);
    }

    /** @param wire per cent within which the bytes that a rank sends are foretold */
    private static void assertForetold(Experiment experiment, double wire) throws Exception {
        PipelineLayout layout =
                PipelineLayout.of(experiment, VOCABULARY, Optional.empty()).orElseThrow();
        PipelinePlan plan =
                PipelinePlan.of(PlanInput.of(experiment, VOCABULARY, 1), layout.schedule(), layout.split(), false);
        List<Counted> counted = MeshWorld.run(experiment.parallel().mesh(), rank -> train(experiment, layout, rank));
        for (Counted rank : counted) {
            PipelinePlan.Rank planned = plan.ranks().get(rank.place());
            assertThat((double) planned.held().total()).isCloseTo(rank.held(), withinPercentage(0.2));
            assertThat((double) planned.peak().total()).isCloseTo(rank.peak(), withinPercentage(10));
            // A plan does not count what ranks tell each other of losses and norms, nor that small sums go to every
            // rank.
            assertThat(planned.wire().total()).isCloseTo(rank.sent(), withinPercentage(wire));
            if (!experiment.train().recomputesBlocks()) {
                // Gradients between operations count as activations too, for as long as an action runs.
                assertThat((double) planned.peak().of(Term.ACTIVATIONS))
                        .isBetween(0.75 * rank.activations(), 1.0 * rank.activations());
            }
        }
    }

    private static Counted train(Experiment experiment, PipelineLayout layout, MeshWorld.Rank rank) {
        ParallelConfig parallel = experiment.parallel();
        Memory memory = rank.compute().memory();
        MeshRanks ranks = new MeshRanks(
                rank.groups(),
                parallel.sharding(),
                LayoutRun.oneHost(parallel.mesh()),
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
        long held =
                memory.live(Category.PARAMETERS) + memory.live(Category.GRADIENTS) + memory.live(Category.OPTIMIZER);
        TrainStep step = new TrainStep(model, optimizer, StepSettings.of(experiment), ranks);
        List<Sample> samples = samples(experiment.batch().sequences() / parallel.dataRanks());
        step.run(0, samples);
        rank.groups().world().barrier().await();
        long before = rank.groups().fabric().traffic().bytes();
        step.run(1, samples);
        Counted counted = new Counted(
                rank.groups().coordinate().pipeline(),
                held,
                memory.peak(Category.ACTIVATIONS),
                memory.peak(),
                rank.groups().fabric().traffic().bytes() - before);
        // Nobody leaves while values are on their way to others.
        model.refreshCompute();
        rank.groups().world().barrier().await();
        return counted;
    }

    private static List<Sample> samples(int count) {
        SplittableRandom random = new SplittableRandom(5);
        int[] positions = IntStream.range(0, LENGTH).toArray();
        return IntStream.range(0, count)
                .mapToObj(index -> random.ints(LENGTH + 1L, 0, VOCABULARY).toArray())
                .map(tokens -> new Sample(
                        Arrays.copyOf(tokens, LENGTH),
                        Arrays.copyOfRange(tokens, 1, LENGTH + 1),
                        positions,
                        new int[LENGTH]))
                .toList();
    }
}
