package dev.braid.tensor.recurrence;

import dev.braid.tensor.Compute;
import dev.braid.tensor.DType;
import dev.braid.tensor.kernels.KernelProviders;
import dev.braid.tensor.kernels.Widths;
import dev.braid.tensor.recurrence.RecurrenceCase.Variant;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Outputs, states and all gradients of both kernels against the reference in double. */
@Tag("widths")
class RecurrenceFormulaTest {
    private static final int SEED = 17;

    @BeforeEach
    void checkWidth() {
        Widths.assumeSupported();
    }

    static Stream<Arguments> kernelsAndVariants() {
        return Stream.of("scalar", "vector")
                .flatMap(name -> Stream.of(Variant.values()).map(variant -> Arguments.of(name, variant)));
    }

    private static void compare(String kernels, RecurrenceCase one, double bound) {
        try (Compute compute = new Compute(2, "vector", "test", KernelProviders.byName(kernels))) {
            one.assertClose(one.run(compute), one.expected(), bound, kernels + ", seed " + SEED);
        }
    }

    @ParameterizedTest
    @MethodSource("kernelsAndVariants")
    void shouldEqualTheFormula(String kernels, Variant variant) {
        RecurrenceSpec spec = new RecurrenceSpec(2, 75, 32, 2, Read.AFTER_WRITE);
        compare(kernels, new RecurrenceCase(spec, variant, 3, 19, 37, DType.F32, SEED), 2e-6);
    }

    @ParameterizedTest
    @MethodSource("kernelsAndVariants")
    void shouldEqualTheFormulaWhereReadsComeBeforeWrites(String kernels, Variant variant) {
        RecurrenceSpec spec = new RecurrenceSpec(2, 50, 16, 2, Read.BEFORE_WRITE);
        compare(kernels, new RecurrenceCase(spec, variant, 2, 16, 9, DType.F32, SEED), 2e-6);
    }

    @ParameterizedTest
    @MethodSource("kernelsAndVariants")
    void shouldForgetTheStateWhereADocumentStarts(String kernels, Variant variant) {
        RecurrenceSpec spec = new RecurrenceSpec(2, 70, 32, 2, Read.AFTER_WRITE);
        RecurrenceCase one = new RecurrenceCase(spec, variant, 2, 16, 16, DType.F32, SEED);
        compare(kernels, one.withDocuments(1, 9, 10, 32, 64), 2e-6);
    }

    @ParameterizedTest
    @EnumSource(Variant.class)
    void shouldTakeBf16OperandsAndRoundResultsOnce(Variant variant) {
        RecurrenceSpec spec = RecurrenceSpec.of(2, 130);
        compare("vector", new RecurrenceCase(spec, variant, 2, 32, 48, DType.BF16, SEED), 0.02);
    }

    @ParameterizedTest
    @EnumSource(
            value = Variant.class,
            names = {"FIXED_DECAY", "VECTOR_DECAY", "GENERAL"})
    void shouldTakeTheWidestHeads(Variant variant) {
        RecurrenceSpec spec = RecurrenceSpec.of(1, 40).withChunk(32);
        compare("vector", new RecurrenceCase(spec, variant, 1, 256, 255, DType.F32, SEED), 5e-6);
    }

    /** The groups of Mamba-2: here four heads read two heads of queries and keys, and each has its own gradient of them. */
    @ParameterizedTest
    @MethodSource("kernelsAndVariants")
    void shouldLetNeighbouringHeadsShareQueriesAndKeys(String kernels, Variant variant) {
        RecurrenceSpec spec = new RecurrenceSpec(2, 40, 16, 2, Read.AFTER_WRITE);
        RecurrenceCase one = new RecurrenceCase(spec, variant, 4, 16, 9, DType.F32, SEED);
        compare(kernels, one.withSharedKeys(2), 2e-6);
    }
}
