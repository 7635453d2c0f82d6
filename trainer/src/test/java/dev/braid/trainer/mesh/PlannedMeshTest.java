package dev.braid.trainer.mesh;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.withinPercentage;

import dev.braid.data.Sample;
import dev.braid.models.Decoder;
import dev.braid.optimizers.AdamW;
import dev.braid.optimizers.AdamWConfig;
import dev.braid.parallelism.ExposedTime;
import dev.braid.tensor.Category;
import dev.braid.tensor.Memory;
import dev.braid.trainer.config.Experiment;
import dev.braid.trainer.config.ParallelConfig;
import dev.braid.trainer.plan.Plan;
import dev.braid.trainer.plan.PlanInput;
import dev.braid.trainer.train.MeshRanks;
import dev.braid.trainer.train.StepSettings;
import dev.braid.trainer.train.TrainStep;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A plan of a mesh is held against the bytes that its ranks count: in their memories, and on their links. */
class PlannedMeshTest {
    private static final int VOCABULARY = 4096;
    private static final int LENGTH = 64;

    /** A model whose units weigh more than its activations: 1 million elements a table, 0.5 million a block. */
    private static Experiment experiment(
            String keys, String compute, boolean tied, int sequences, int microbatch, String... settings) {
        String yaml = """
                model:
                  dim: 256
                  layers: 5
                  context: %d
                  tie_embeddings: %s
                  vocab: %d
                  mixers: {attn: {type: attention, heads: 4, kv_heads: 2}}
                  ffns: {mlp: {type: swiglu, hidden: 640}}
                  pattern: [attn+mlp]
                data:
                  sources: [{path: jdk-source}]
                  tokenizer: {type: bpe, vocab: %d}
                batch: {sequences: %d, microbatch: %d}
                train: {steps: 3}
                optimizer: {type: adamw, lr: 1e-3}
                precision: {compute: %s}
                parallel: {%s}
                """.formatted(
                        LENGTH, tied, VOCABULARY, VOCABULARY, sequences, microbatch, compute, keys.replace(';', ','));
        return Experiment.parse("planned.yaml", yaml, List.of(settings));
    }

    /** Bytes that a rank counted: held between steps, most of all, and sent in a step. */
    private record Counted(long held, long peak, long sent) {}

    @ParameterizedTest(name = "{0}, {1}, tied {2}, {3} sequences by {4}")
    @CsvSource({
        "shard: 2; zero: 0, bf16, true, 4, 2",
        "shard: 2; zero: 0; reduce: bf16, bf16, true, 4, 2",
        "shard: 2; zero: 1, bf16, false, 4, 2",
        "shard: 2; zero: 1, f32, true, 8, 2",
        "shard: 2; zero: 2, bf16, false, 4, 2",
        "shard: 2; zero: 2; reduce: bf16, bf16, true, 4, 2",
        "shard: 3; zero: 2, bf16, false, 12, 2",
        "shard: 3; zero: 2; accumulate: sharded, f32, true, 12, 2",
        "shard: 2; zero: 3, bf16, true, 4, 2",
        "shard: 3; zero: 3, bf16, false, 6, 2",
        "shard: 3; zero: 3, bf16, false, 12, 2",
        "shard: 2; zero: 3; reshard_after_forward: false, bf16, false, 8, 2",
        "shard: 3; zero: 3; accumulate: sharded; reduce: bf16, bf16, true, 12, 2",
        "shard: 4; zero: 3, f32, true, 8, 2",
        "replicate: 2; shard: 2; zero: 3, bf16, false, 8, 2",
        "tensor: 2, bf16, false, 8, 8",
        "tensor: 2, f32, true, 8, 4",
        "tensor: 4, bf16, true, 8, 8",
        "shard: 2; tensor: 2, bf16, false, 16, 4",
    })
    void shouldForetellWhatRanksHoldAndSend(String keys, String compute, boolean tied, int sequences, int microbatch)
            throws Exception {
        assertForetold(experiment(keys, compute, tied, sequences, microbatch));
    }

    @ParameterizedTest(name = "{0}, {1}, tied {2}, {3} sequences by {4}, depth {5}")
    @CsvSource({
        "shard: 2; zero: 0, bf16, true, 4, 2, 1",
        "shard: 2; zero: 2, bf16, false, 4, 2, 2",
        "shard: 2; zero: 3, bf16, true, 4, 2, 1",
        "shard: 3; zero: 3, bf16, false, 12, 2, 2",
        "tensor: 2, bf16, false, 8, 4, 1",
        "tensor: 2, f32, true, 8, 8, 2",
    })
    void shouldForetellMultiTokenPrediction(
            String keys, String compute, boolean tied, int sequences, int microbatch, int depth) throws Exception {
        assertForetold(experiment(keys, compute, tied, sequences, microbatch, "model.mtp.depth=" + depth));
    }

    private static void assertForetold(Experiment experiment) throws Exception {
        Plan plan = Plan.of(PlanInput.of(experiment, VOCABULARY, 1));
        List<Counted> counted = MeshWorld.run(experiment.parallel().mesh(), rank -> train(experiment, rank));
        long held = counted.stream().mapToLong(Counted::held).max().orElseThrow();
        long peak = counted.stream().mapToLong(Counted::peak).max().orElseThrow();
        long sent = counted.stream().mapToLong(Counted::sent).sum();
        assertThat((double) plan.held().total()).isCloseTo(held, withinPercentage(2));
        // How many gradients are under way at once depends on how fast they travel: a plan counts the most.
        assertThat((double) plan.total()).isCloseTo(peak, withinPercentage(10));
        // A plan does not count what ranks tell each other of losses and norms, nor that small sums go to every rank.
        assertThat(plan.wire().total() * counted.size()).isCloseTo(sent, withinPercentage(0.3));
    }

    private static Counted train(Experiment experiment, MeshWorld.Rank rank) {
        ParallelConfig parallel = experiment.parallel();
        Memory memory = rank.compute().memory();
        MeshRanks ranks = new MeshRanks(
                rank.groups(),
                parallel.sharding(),
                LayoutRun.oneHost(parallel.mesh()),
                Optional.empty(),
                memory,
                new ExposedTime());
        Decoder model = new Decoder(
                experiment.model(),
                VOCABULARY,
                rank.compute(),
                experiment.precision().computeType(),
                ranks.layout());
        model.initialize(1);
        AdamW optimizer = new AdamW((AdamWConfig) experiment.optimizer(), model.parameters(), rank.compute());
        long held =
                memory.live(Category.PARAMETERS) + memory.live(Category.GRADIENTS) + memory.live(Category.OPTIMIZER);
        TrainStep step = new TrainStep(model, optimizer, StepSettings.of(experiment), ranks);
        List<Sample> samples = samples(experiment.batch().sequences() / parallel.dataRanks());
        // The first step learns the order of units; the second gathers ahead.
        step.run(0, samples);
        rank.groups().world().barrier().await();
        long before = rank.groups().fabric().traffic().bytes();
        step.run(1, samples);
        model.architecture().parameters().units().forEach(unit -> {
            if (parallel.zeroStage() < 3) {
                unit.needValues();
            }
        });
        return new Counted(held, memory.peak(), rank.groups().fabric().traffic().bytes() - before);
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
