package dev.braid.tensor.recurrence;

import static org.assertj.core.api.Assertions.assertThat;

import dev.braid.tensor.Compute;
import dev.braid.tensor.DType;
import dev.braid.tensor.kernels.KernelProviders;
import dev.braid.tensor.kernels.Widths;
import dev.braid.tensor.recurrence.RecurrenceCase.Results;
import dev.braid.tensor.recurrence.RecurrenceCase.Variant;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Decays from nearly none to e^-20 a token, mixed at random: cumulative ones reach e^-1000 inside a chunk. */
@Tag("widths")
class RecurrenceStabilityTest {
    private static final int SEED = 29;
    private static final int LENGTH = 16_384;

    @BeforeEach
    void checkWidth() {
        Widths.assumeSupported();
    }

    /** One log decay in three is of each size: near 0, about -1, near -20. */
    private static RecurrenceCase strong(RecurrenceSpec spec, Variant variant) {
        RecurrenceCase one = new RecurrenceCase(spec, variant, 1, 16, 16, DType.F32, SEED);
        Random random = new Random(SEED);
        for (DoubleRecurrence head : one.reference) {
            for (int t = 0; t < spec.length(); t++) {
                float scalar = logDecay(random);
                for (int i = 0; i < 16; i++) {
                    double weaker = head.logDecay[t][i];
                    head.logDecay[t][i] =
                            variant.decay == RecurrenceKernel.DecayKind.VECTOR ? logDecay(random) : scalar;
                    // The change of rank one was made for the old decay: it must not outweigh the new one.
                    head.a[t][i] = (float) (head.a[t][i] * Math.exp(head.logDecay[t][i] - weaker));
                }
            }
        }
        return one;
    }

    private static float logDecay(Random random) {
        return switch (random.nextInt(3)) {
            case 0 -> -0.01f * random.nextFloat();
            case 1 -> -2 * random.nextFloat();
            default -> -20 * random.nextFloat();
        };
    }

    @ParameterizedTest
    @EnumSource(
            value = Variant.class,
            names = {"SCALAR_DECAY", "VECTOR_DECAY", "GATED_DELTA", "GENERAL"})
    void shouldStayNearDoubleOverALongSequenceWithStrongDecays(Variant variant) {
        RecurrenceCase one = strong(RecurrenceSpec.of(1, LENGTH).withChunk(128), variant);
        // The cumulative logarithms of one decay a head have twice the digits.
        double bound = variant.decay == RecurrenceKernel.DecayKind.SCALAR ? 2e-6 : 2e-4;
        try (Compute compute = new Compute(2, "vector", "test", KernelProviders.byName("vector"))) {
            one.assertClose(one.run(compute), one.expected(), bound, "seed " + SEED);
        }
    }

    @Test
    void shouldNotOverflowWhereEveryTokenForgetsAll() {
        RecurrenceCase one = new RecurrenceCase(
                RecurrenceSpec.of(1, 300).withChunk(128), Variant.VECTOR_DECAY, 1, 16, 16, DType.F32, SEED);
        for (double[] row : one.reference[0].logDecay) {
            Arrays.fill(row, -20);
        }
        try (Compute compute = new Compute(1, "vector", "test", KernelProviders.byName("vector"))) {
            Results expected = one.expected();
            one.assertClose(one.run(compute), expected, 1e-3, "seed " + SEED);
            assertThat(expected.values().getFirst()[0][299]).doesNotContain(Double.NaN);
        }
    }

    /** Tokens 20 and 33 forget all: blocks that hold one are summed pair by pair, the others by products. */
    @ParameterizedTest
    @EnumSource(
            value = Variant.class,
            names = {"SCALAR_DECAY", "VECTOR_DECAY"})
    void shouldTakeADecayOfZero(Variant variant) {
        for (String kernels : new String[] {"scalar", "vector"}) {
            RecurrenceCase one = new RecurrenceCase(RecurrenceSpec.of(1, 70), variant, 1, 16, 16, DType.F32, SEED);
            for (int token : new int[] {20, 33}) {
                Arrays.fill(one.reference[0].logDecay[token], Double.NEGATIVE_INFINITY);
            }
            try (Compute compute = new Compute(1, "vector", "test", KernelProviders.byName(kernels))) {
                one.assertClose(one.run(compute), one.expected(), 2e-5, kernels + ", seed " + SEED);
            }
        }
    }
}
