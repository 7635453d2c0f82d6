package dev.braid.tensor.recurrence;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.offset;

import dev.braid.tensor.Category;
import dev.braid.tensor.Compute;
import dev.braid.tensor.DType;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.attention.Heads;
import dev.braid.tensor.kernels.Widths;
import dev.braid.tensor.recurrence.RecurrenceCase.Results;
import dev.braid.tensor.recurrence.RecurrenceCase.Variant;
import java.util.Arrays;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What must not depend on how a sequence is cut: into chunks, saved states, segments, tokens or over cores. */
@Tag("widths")
class RecurrenceChunkTest {
    private static final int SEED = 23;
    private static final int HEADS = 2;
    private static final int KEYS = 16;
    private static final int VALUES = 20;

    private Compute compute;

    @BeforeEach
    void open() {
        Widths.assumeSupported();
        compute = new Compute(2, "vector", "test");
    }

    @AfterEach
    void close() {
        assertThat(compute.memory().live(Category.WORKSPACE)).isZero();
        compute.close();
    }

    private static RecurrenceCase one(RecurrenceSpec spec, Variant variant) {
        return new RecurrenceCase(spec, variant, HEADS, KEYS, VALUES, DType.F32, SEED);
    }

    @ParameterizedTest
    @EnumSource(Variant.class)
    void shouldAgreeForEveryChunkSizeAndLength(Variant variant) {
        for (int length : new int[] {1, 7, 64, 1000}) {
            RecurrenceSpec whole = RecurrenceSpec.of(1, length);
            Results recurrent = one(whole.withChunk(1), variant).run(compute);
            for (int chunk : new int[] {16, 32, 64, 128}) {
                RecurrenceCase chunked = one(whole.withChunk(chunk), variant);
                chunked.assertClose(chunked.run(compute), recurrent, 1e-5, "chunk 1, seed " + SEED);
            }
        }
    }

    @ParameterizedTest
    @EnumSource(Variant.class)
    void shouldGiveTheSameBitsWhereverStatesAreSaved(Variant variant) {
        float[] often = bits(one(new RecurrenceSpec(2, 100, 16, 1, Read.AFTER_WRITE), variant), compute);
        float[] rarely = bits(one(new RecurrenceSpec(2, 100, 16, 5, Read.AFTER_WRITE), variant), compute);
        assertThat(rarely).as("seed %d", SEED).isEqualTo(often);
    }

    @ParameterizedTest
    @EnumSource(Variant.class)
    void shouldGiveTheSameBitsForAnyNumberOfCores(Variant variant) {
        RecurrenceCase one = one(new RecurrenceSpec(3, 90, 32, 2, Read.AFTER_WRITE), variant);
        float[] two = bits(one, compute);
        for (int cores : new int[] {1, 4}) {
            try (Compute other = new Compute(cores, "vector", "test")) {
                assertThat(bits(one, other))
                        .as("%d cores, seed %d", cores, SEED)
                        .isEqualTo(two);
            }
        }
    }

    private static float[] bits(RecurrenceCase one, Compute on) {
        return flat(one.run(on));
    }

    private static float[] flat(Results results) {
        double[] all = results.values().stream()
                .flatMap(Arrays::stream)
                .flatMap(Arrays::stream)
                .flatMapToDouble(Arrays::stream)
                .toArray();
        float[] floats = new float[all.length];
        for (int i = 0; i < all.length; i++) {
            floats[i] = (float) all[i];
        }
        return floats;
    }

    /** Decoding: one token a call, the state handed on in place. */
    @ParameterizedTest
    @EnumSource(Variant.class)
    void shouldDecodeTokenByTokenAsItRunsInChunks(Variant variant) {
        int length = 40;
        RecurrenceCase one = one(RecurrenceSpec.of(1, length), variant);
        RecurrenceInputs inputs = one.inputs(compute);
        Heads chunked = one.heads(compute, one.dO, DType.F32);
        Recurrence.forward(compute, one.spec, inputs, chunked, Optional.empty(), Optional.empty());
        Tensor state = inputs.initial().orElseThrow();
        RecurrenceSpec single = RecurrenceSpec.of(1, 1);
        for (int t = 0; t < length; t++) {
            Heads o = one.heads(compute, one.dO, DType.F32);
            Heads token = row(o, t);
            Recurrence.forward(compute, single, token(inputs, t), token, Optional.empty(), Optional.of(state));
            for (int i = 1; i <= HEADS * VALUES; i++) {
                float expected = chunked.tensor().get((long) t * (HEADS * VALUES + 2) + i);
                assertThat(token.tensor().get(i))
                        .as("token %d, column %d", t, i)
                        .isCloseTo(expected, offset(2e-5f));
            }
            o.tensor().release();
        }
    }

    private static RecurrenceInputs token(RecurrenceInputs inputs, int t) {
        Decay decay = inputs.decay() instanceof Decay.PerToken perToken
                ? Decay.perToken(row(perToken.logDecay(), t))
                : inputs.decay();
        return new RecurrenceInputs(
                row(inputs.q(), t),
                row(inputs.k(), t),
                row(inputs.v(), t),
                decay,
                inputs.erase()
                        .map(erase -> new Erase(row(erase.a(), t), erase.b().map(b -> row(b, t)))),
                inputs.bonus(),
                Optional.empty(),
                inputs.initial());
    }

    private static Heads row(Heads heads, int t) {
        return new Heads(heads.tensor().rows(t, 1), heads.firstColumn(), heads.heads(), heads.headSize());
    }

    /** Two segments as two ranks would run them: {@code S = M2 S1 + S2}. */
    @ParameterizedTest
    @EnumSource(Variant.class)
    void shouldComposeSegmentsByTheirTransitions(Variant variant) {
        RecurrenceSpec spec = RecurrenceSpec.of(1, 70);
        RecurrenceCase one = one(spec, variant);
        RecurrenceInputs inputs = one.inputs(compute);
        Tensor fromInitial = states(VALUES);
        Tensor fromZero = states(VALUES);
        Tensor transition = states(KEYS);
        Heads o = one.heads(compute, one.dO, DType.F32);
        Recurrence.forward(compute, spec, inputs, o, Optional.empty(), Optional.of(fromInitial));
        Tensor initial = inputs.initial().orElseThrow();
        RecurrenceInputs unstarted = new RecurrenceInputs(
                inputs.q(),
                inputs.k(),
                inputs.v(),
                inputs.decay(),
                inputs.erase(),
                inputs.bonus(),
                inputs.documents(),
                Optional.empty());
        Recurrence.forward(compute, spec, unstarted, o, Optional.empty(), Optional.of(fromZero));
        Recurrence.transition(compute, spec, inputs, transition);
        for (int head = 0; head < HEADS; head++) {
            for (int i = 0; i < KEYS; i++) {
                for (int j = 0; j < VALUES; j++) {
                    double composed = fromZero.get(((long) head * KEYS + i) * VALUES + j);
                    for (int m = 0; m < KEYS; m++) {
                        composed += transition.get(((long) head * KEYS + i) * KEYS + m)
                                * initial.get(((long) head * KEYS + m) * VALUES + j);
                    }
                    assertThat((double) fromInitial.get(((long) head * KEYS + i) * VALUES + j))
                            .as("head %d, row %d, column %d, seed %d", head, i, j, SEED)
                            .isCloseTo(composed, offset(2e-5));
                }
            }
        }
    }

    private Tensor states(int columns) {
        return compute.memory().zeros(Category.ACTIVATIONS, DType.F32, Shape.of(1, HEADS, KEYS, columns));
    }

    @Test
    void shouldHaveNoTransitionPastTheStartOfADocument() {
        RecurrenceSpec spec = RecurrenceSpec.of(1, 20);
        RecurrenceCase one = one(spec, Variant.GENERAL).withDocuments(11);
        Tensor transition = states(KEYS);
        Recurrence.transition(compute, spec, one.inputs(compute), transition);
        assertThat(transition.toFloats()).containsOnly(0);
    }

    @Test
    void shouldEndChunksWhereDocumentsDo() {
        Tensor documents = compute.memory().zeros(Category.ACTIVATIONS, DType.I32, Shape.of(10));
        documents.setInts(new int[] {5, 5, 5, 9, 9, 9, 9, 9, 9, 5});
        assertThat(Chunk.of(new RecurrenceSpec(1, 10, 4, 1, Read.AFTER_WRITE), documents.address(), 0))
                .containsExactly(
                        new Chunk(0, 3, false), new Chunk(3, 4, true), new Chunk(7, 2, false), new Chunk(9, 1, true));
    }
}
