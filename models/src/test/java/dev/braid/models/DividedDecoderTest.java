package dev.braid.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.braid.config.ConfigReader;
import dev.braid.tensor.Category;
import dev.braid.tensor.Compute;
import dev.braid.tensor.DType;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.autograd.Tape;
import dev.braid.tensor.autograd.WeightQueue;
import dev.braid.tensor.parameters.Layout;
import dev.braid.tensor.parameters.Parameter;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.Phaser;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The same model on one rank and divided over the ranks of a tensor axis. */
@Timeout(120)
class DividedDecoderTest {
    private static final int VOCABULARY = 29;
    private static final int LENGTH = 13;
    private static final int SEQUENCES = 2;
    private static final int TOKENS = SEQUENCES * LENGTH;

    /** A model on a number of ranks. */
    record Case(String name, ModelConfig config, int ranks) {
        @Override
        public String toString() {
            return name + " on " + ranks + " ranks";
        }
    }

    static List<Case> cases() {
        Optional<RopeConfig> rope = Optional.of(new RopeConfig(10000));
        ModelConfig grouped = config(2, 32, false, attention(4, 2, rope, false, false), 40);
        ModelConfig tied = config(2, 32, true, attention(8, 4, rope, true, false), 37);
        return List.of(
                new Case("grouped heads", grouped, 2),
                new Case("copies of KV heads", grouped, 4),
                new Case("tied, with biases", tied, 2),
                new Case("tied, with biases, inner width 37", tied, 4),
                new Case("first values of RWKV-7", rwkv(), 2),
                new Case("q/k norm, 3 KV heads", config(2, 24, true, attention(6, 3, rope, false, true), 17), 2),
                new Case(
                        "one KV head, no positions",
                        config(1, 24, false, attention(3, 1, Optional.empty(), true, true), 7),
                        3),
                parsed("q/k norm over the width of heads that ranks divide unevenly, bias and gate", """
                        pattern: [attn+mlp]
                        mixers:
                          attn: {type: attention, heads: 6, kv_heads: 3, head_size: 4, qk_norm: width, output_bias: true, gate: true}
                        """),
                parsed("window, sinks, cap, part of copied KV heads rotated", """
                        pattern: [attn+mlp]
                        mixers:
                          attn:
                            {type: attention, heads: 4, kv_heads: 1, window: 5, sinks: 1, cap: 2, rope: {fraction: 0.5}}
                        """),
                parsed("norms after, one layer without a feed-forward", """
                        pattern: [attn, attn+mlp]
                        norms: {attn: post}
                        logit_soft_cap: 1.5
                        mixers: {attn: {type: attention, heads: 4}}
                        """),
                parsed("parallel branches between norms", """
                        pattern: [both+mlp]
                        norms: {both: sandwich}
                        embedding_scale: sqrt_dim
                        embedding_norm: true
                        logit_scale: 0.75
                        mixers:
                          both:
                            type: parallel
                            branches: {a: {type: attention, heads: 4, kv_heads: 1}, b: {type: attention, heads: 2}}
                            mix: learned
                            output_norm: true
                            output_scales: {b: 0.5}
                        """));
    }

    private static Case parsed(String name, String options) {
        ModelConfig config =
                ConfigReader.of(ModelConfig.class).parse("model.yaml", """
                dim: 32
                layers: 2
                context: %d
                ffns: {mlp: {type: swiglu, hidden: 19}}
                init_std: 0.2
                """.formatted(LENGTH) + options, List.of());
        return new Case(name, config, 2);
    }

    private static ModelConfig rwkv() {
        return new ModelConfig(
                24,
                3,
                LENGTH,
                false,
                Map.of("rwkv", new Rwkv7Config(8, 3, 2, 2, 5, 1e-6)),
                Map.of("mix", new RwkvChannelMixConfig(17)),
                List.of("rwkv+mix"),
                Optional.empty(),
                1e-5,
                0.2);
    }

    private static AttentionConfig attention(
            int heads, int kvHeads, Optional<RopeConfig> rope, boolean bias, boolean norm) {
        return new AttentionConfig(heads, Optional.of(kvHeads), Optional.empty(), rope, bias, norm);
    }

    private static ModelConfig config(int layers, int dim, boolean tied, AttentionConfig attention, int hidden) {
        return new ModelConfig(
                dim,
                layers,
                LENGTH,
                tied,
                Map.of("attn", attention),
                Map.of("mlp", new SwiGluConfig(hidden)),
                List.of("attn+mlp"),
                Optional.empty(),
                1e-5,
                0.2);
    }

    /** A pass over a batch: its loss, and what one rank has of each parameter. */
    private record Pass(double loss, List<Piece> pieces) {}

    /** Elements of a whole parameter, by their indices, and their gradient. */
    private record Piece(String name, int[] indices, float[] values, float[] gradient, int size) {}

    private static Pass pass(Decoder decoder, WeightQueue queue, boolean recompute) {
        decoder.store().beginStep(1);
        double loss;
        try (Batch batch = batch(decoder.compute());
                Tape tape = decoder.trainingTape(queue)) {
            loss = decoder.loss(tape, batch, 1f / TOKENS, recompute);
            tape.backward();
        }
        if (queue != null) {
            queue.run();
        }
        decoder.store().finishGradients();
        return new Pass(
                loss,
                decoder.parameters().stream().map(DividedDecoderTest::piece).toList());
    }

    private static Piece piece(Parameter parameter) {
        long all = parameter.spec().shape().columns();
        long columns = parameter.part().columns();
        int[] indices = new int[Math.toIntExact(parameter.count())];
        for (int i = 0; i < indices.length; i++) {
            long element = parameter.bandFrom() + i;
            indices[i] = (int) (element / columns * all + parameter.part().firstColumn() + element % columns);
        }
        return new Piece(
                parameter.name(),
                indices,
                parameter.master().toFloats(),
                parameter.gradient().toFloats(),
                Math.toIntExact(parameter.spec().shape().count()));
    }

    /** Adds up the gradients of all ranks: where several hold copies of an element, each has a summand. */
    private static Map<String, double[]> gradients(List<Pass> passes) {
        Map<String, double[]> whole = new TreeMap<>();
        for (Pass pass : passes) {
            for (Piece piece : pass.pieces) {
                double[] sums = whole.computeIfAbsent(piece.name, name -> new double[piece.size]);
                for (int i = 0; i < piece.indices.length; i++) {
                    sums[piece.indices[i]] += piece.gradient[i];
                }
            }
        }
        return whole;
    }

    private static Batch batch(Compute compute) {
        Batch batch = Batch.allocate(compute.memory(), SEQUENCES, LENGTH);
        int[] positions = new int[LENGTH];
        for (int t = 0; t < LENGTH; t++) {
            positions[t] = t;
        }
        for (int s = 0; s < SEQUENCES; s++) {
            int[] labels = new int[LENGTH];
            for (int t = 0; t < LENGTH; t++) {
                labels[t] = t == 4 ? Batch.IGNORED : (7 * t + s) % VOCABULARY;
            }
            batch.set(s, tokens(s), labels, positions, new int[LENGTH]);
        }
        return batch;
    }

    private static int[] tokens(int sequence) {
        int[] tokens = new int[LENGTH];
        for (int t = 0; t < LENGTH; t++) {
            tokens[t] = (t * t * 5 + 3 * t + 11 * sequence) % VOCABULARY;
        }
        return tokens;
    }

    private static Decoder decoder(ModelConfig config, Compute compute, DType dtype, Layout layout) {
        Decoder decoder = new Decoder(config, VOCABULARY, compute, dtype, layout);
        decoder.initialize(7);
        return decoder;
    }

    private static <T> T onOneRank(ModelConfig config, DType dtype, Function<Decoder, T> work) {
        try (Compute compute = new Compute(1, "auto", "test")) {
            return work.apply(decoder(config, compute, dtype, Layout.SINGLE));
        }
    }

    private static <T> List<T> onRanks(Case divided, DType dtype, Function<Decoder, T> work) {
        return TensorRanks.run(divided.ranks, rank -> work.apply(decoder(divided.config, rank.compute(), dtype, rank)));
    }

    @ParameterizedTest
    @MethodSource("cases")
    void shouldGiveLossAndGradientsOfOneRank(Case divided) {
        Pass single = onOneRank(divided.config, DType.F32, decoder -> pass(decoder, null, false));
        List<Pass> passes = onRanks(divided, DType.F32, decoder -> pass(decoder, null, false));
        assertThat(passes).extracting(Pass::loss).containsOnly(passes.getFirst().loss);
        assertThat(passes.getFirst().loss).isCloseTo(single.loss, within(1e-6 * single.loss));
        Map<String, double[]> expected = gradients(List.of(single));
        Map<String, double[]> actual = gradients(passes);
        assertThat(actual.keySet()).isEqualTo(expected.keySet());
        expected.forEach((name, gradient) -> assertThat(relativeDistance(actual.get(name), gradient))
                .as(name)
                .isLessThan(1e-5));
    }

    private static double relativeDistance(double[] actual, double[] expected) {
        double distance = 0;
        double norm = 0;
        for (int i = 0; i < expected.length; i++) {
            distance += (actual[i] - expected[i]) * (actual[i] - expected[i]);
            norm += expected[i] * expected[i];
        }
        return Math.sqrt(distance / norm);
    }

    @ParameterizedTest
    @MethodSource("cases")
    void shouldDrawTheValuesOfOneRank(Case divided) {
        Map<String, float[]> whole = new TreeMap<>();
        onOneRank(divided.config, DType.F32, decoder -> pass(decoder, null, false))
                .pieces
                .forEach(piece -> whole.put(piece.name, piece.values));
        for (Pass pass : onRanks(divided, DType.F32, decoder -> pass(decoder, null, false))) {
            for (Piece piece : pass.pieces) {
                for (int i = 0; i < piece.indices.length; i++) {
                    assertThat(piece.values[i]).isEqualTo(whole.get(piece.name)[piece.indices[i]]);
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("cases")
    void shouldBeWithinOnePerCentInBf16(Case divided) {
        Pass single = onOneRank(divided.config, DType.BF16, decoder -> pass(decoder, null, false));
        List<Pass> passes = onRanks(divided, DType.BF16, decoder -> pass(decoder, null, false));
        assertThat(passes.getFirst().loss).isCloseTo(single.loss, within(1e-2 * single.loss));
    }

    @ParameterizedTest
    @MethodSource("cases")
    void shouldGiveTheSameBitsWhenBlocksAreRecomputedOrWeightHalvesWait(Case divided) {
        record Ways(Pass plain, Pass recomputed, Pass queued) {}
        List<Ways> ranks = onRanks(
                divided,
                DType.BF16,
                decoder -> new Ways(
                        pass(decoder, null, false), pass(decoder, null, true), pass(decoder, new WeightQueue(), true)));
        for (Ways ways : ranks) {
            assertSame(ways.recomputed, ways.plain);
            assertSame(ways.queued, ways.plain);
        }
    }

    private static void assertSame(Pass actual, Pass expected) {
        assertThat(actual.loss).isEqualTo(expected.loss);
        assertThat(actual.pieces).hasSameSizeAs(expected.pieces);
        for (int i = 0; i < expected.pieces.size(); i++) {
            Piece piece = actual.pieces.get(i);
            Piece other = expected.pieces.get(i);
            assertThat(piece.name).isEqualTo(other.name);
            assertThat(piece.indices).isEqualTo(other.indices);
            Bits.assertSame("value of " + piece.name, piece.values, other.values);
            Bits.assertSame("gradient of " + piece.name, piece.gradient, other.gradient);
        }
    }

    @ParameterizedTest
    @MethodSource("cases")
    void shouldGatherTheLogitsOfOneRank(Case divided) {
        float[] expected = onOneRank(divided.config, DType.F32, DividedDecoderTest::logits);
        for (float[] actual : onRanks(divided, DType.F32, DividedDecoderTest::logits)) {
            assertThat(actual).usingComparatorWithPrecision(1e-4f).containsExactly(expected);
        }
    }

    private static float[] logits(Decoder decoder) {
        try (Tape tape = decoder.evaluationTape();
                Batch batch = batch(decoder.compute())) {
            Tensor logits = decoder.logits(tape, batch);
            float[] values = logits.toFloats();
            logits.release();
            return values;
        }
    }

    /** Three tokens first, then one at a time, on every rank: fewer than ranks, so they are not divided. */
    @ParameterizedTest
    @MethodSource("cases")
    void shouldDecodeWhatOneRankDecodes(Case divided) {
        List<float[]> expected = onOneRank(divided.config, DType.F32, DividedDecoderTest::decode);
        List<List<float[]>> ranks = onRanks(divided, DType.F32, DividedDecoderTest::decode);
        for (List<float[]> actual : ranks) {
            assertThat(actual).hasSameSizeAs(expected);
            for (int t = 0; t < expected.size(); t++) {
                // Every rank must choose the same token.
                Bits.assertSame(
                        "logits of step " + t, actual.get(t), ranks.getFirst().get(t));
                assertThat(actual.get(t)).usingComparatorWithPrecision(1e-4f).containsExactly(expected.get(t));
            }
        }
    }

    private static List<float[]> decode(Decoder decoder) {
        List<float[]> logits = new ArrayList<>();
        int[] tokens = tokens(0);
        try (DecodeState state = decoder.newState(LENGTH)) {
            logits.add(decoder.step(state, new int[] {tokens[0], tokens[1], tokens[2]}));
            for (int t = 3; t < LENGTH; t++) {
                logits.add(decoder.step(state, new int[] {tokens[t]}));
            }
        }
        return logits;
    }

    @Test
    void shouldHoldNoActivationsAfterAStep() {
        Case divided = cases().get(1);
        // What the fabric needs for itself is there from the start, so live bytes are compared while nobody sends.
        Phaser quiet = new Phaser(divided.ranks);
        List<Long> kept = TensorRanks.run(divided.ranks, rank -> {
            try {
                quiet.arriveAndAwaitAdvance();
                long before = live(rank.compute());
                quiet.arriveAndAwaitAdvance();
                Decoder decoder = decoder(divided.config, rank.compute(), DType.BF16, rank);
                pass(decoder, null, false);
                pass(decoder, new WeightQueue(), true);
                logits(decoder);
                decode(decoder);
                quiet.arriveAndAwaitAdvance();
                return live(rank.compute()) - before;
            } catch (RuntimeException failure) {
                quiet.forceTermination();
                throw failure;
            }
        });
        assertThat(kept).containsOnly(0L);
    }

    private static long live(Compute compute) {
        return compute.memory().live(Category.ACTIVATIONS) + compute.memory().live(Category.COMMUNICATION);
    }

    /** What a layer sends, in elements of tokens x dim: see {@link #layerBytes}. */
    @Test
    void shouldSendTenTimesTheActivationsALayer() {
        // Forward: two gathers and two sums scattered; backward: as many, and two gathers again for weight gradients.
        assertThat(layerBytes(false)).containsOnly(10 * activationBytes());
    }

    @Test
    void shouldSendTheForwardTwiceWhenRecomputing() {
        assertThat(layerBytes(true)).containsOnly(14 * activationBytes());
    }

    /** Embedding and head have two transfers each, one forward and one backward; two figures a token make the loss. */
    @Test
    void shouldSendFourTimesTheActivationsAroundTheLayers() {
        List<Long> two = passBytes(2, false);
        long figures = 2L * TOKENS * Float.BYTES * (WIRE_RANKS - 1);
        assertThat(two).containsOnly((4 + 2 * 10) * activationBytes() + figures);
    }

    private static final int WIRE_RANKS = 2;

    /** What one gather, or one sum scattered, of [tokens, dim] sends: {@code (t-1)/t} of it, F32. */
    private static long activationBytes() {
        return TOKENS * 32L * Float.BYTES * (WIRE_RANKS - 1) / WIRE_RANKS;
    }

    /** Bytes that each rank sends in a pass for a third layer. */
    private static List<Long> layerBytes(boolean recompute) {
        List<Long> two = passBytes(2, recompute);
        List<Long> three = passBytes(3, recompute);
        List<Long> layer = new ArrayList<>();
        for (int rank = 0; rank < WIRE_RANKS; rank++) {
            layer.add(three.get(rank) - two.get(rank));
        }
        return layer;
    }

    private static List<Long> passBytes(int layers, boolean recompute) {
        ModelConfig config =
                config(layers, 32, false, attention(4, 2, Optional.of(new RopeConfig(10000)), false, false), 40);
        return TensorRanks.run(WIRE_RANKS, rank -> {
            Decoder decoder = decoder(config, rank.compute(), DType.F32, rank);
            long before = rank.fabric().traffic().bytes();
            pass(decoder, null, recompute);
            return rank.fabric().traffic().bytes() - before;
        });
    }

    @Test
    void shouldCountTheTimeThatRanksWaitForEachOther() {
        Case divided = cases().getFirst();
        List<Long> nanos = TensorRanks.run(divided.ranks, rank -> {
            Decoder decoder = decoder(divided.config, rank.compute(), DType.F32, rank);
            pass(decoder, null, false);
            return rank.exposed().take().get("tensor");
        });
        assertThat(nanos).allMatch(time -> time > 0);
    }
}
