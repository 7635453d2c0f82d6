package dev.braid.tensor.ops;

import static org.assertj.core.api.Assertions.assertThat;

import dev.braid.tensor.Category;
import dev.braid.tensor.Compute;
import dev.braid.tensor.DType;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.kernels.KernelProviders;
import dev.braid.tensor.kernels.Widths;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.Arguments;

/** A rank for one test: its kernels by name, its tensors filled from a seed. Closing checks that no scratch was kept. */
final class Fixture implements AutoCloseable {
    /** Unit roundoff of f32 and of bf16. */
    static final double F32_ROUNDOFF = 0x1p-24;

    static final double BF16_ROUNDOFF = 0x1p-8;

    /** Sizes around the lengths of vectors. */
    static final int[] ODD_SIZES = {1, 2, 3, 7, 15, 16, 17, 31, 33, 63, 100, 257};

    private static final long SEED = 20_260_101;

    private final Compute compute;
    private final Random random;
    private final String description;

    Fixture(String kernels) {
        this(kernels, 2, SEED);
    }

    Fixture(String kernels, int cores) {
        this(kernels, cores, SEED);
    }

    private Fixture(String kernels, int cores, long seed) {
        Widths.assumeSupported();
        compute = new Compute(cores, "vector", "test", KernelProviders.byName(kernels));
        random = new Random(seed);
        description = kernels + " kernels, " + cores + " cores, seed " + seed;
    }

    /** Names of the kernels. */
    static Stream<String> kernels() {
        return Stream.of("scalar", "vector");
    }

    /** Names of the kernels, with each dtype of values. */
    static Stream<Arguments> kernelsAndDtypes() {
        return kernels().flatMap(name -> Stream.of(Arguments.of(name, DType.F32), Arguments.of(name, DType.BF16)));
    }

    Compute compute() {
        return compute;
    }

    /** Normal numbers, rounded to the dtype. */
    Tensor random(DType dtype, long... extents) {
        Tensor tensor = zeros(dtype, extents);
        for (long i = 0; i < tensor.count(); i++) {
            tensor.set(i, (float) random.nextGaussian());
        }
        return tensor;
    }

    /** Integers in 0 until {@code limit}. */
    Tensor randomIndices(int limit, int count) {
        return ints(random.ints(count, 0, limit).toArray());
    }

    Tensor zeros(DType dtype, long... extents) {
        return compute.memory().zeros(Category.ACTIVATIONS, dtype, Shape.of(extents));
    }

    /** A vector. */
    Tensor of(DType dtype, double... values) {
        Tensor tensor = zeros(dtype, values.length);
        for (int i = 0; i < values.length; i++) {
            tensor.set(i, (float) values[i]);
        }
        return tensor;
    }

    Tensor copy(Tensor source) {
        Tensor copy = zeros(source.dtype(), source.shape().toArray());
        copy.copyFrom(source);
        return copy;
    }

    Tensor ints(int... values) {
        Tensor tensor = zeros(DType.I32, values.length);
        tensor.setInts(values);
        return tensor;
    }

    /** {@code actual[i]} must lie within {@code tolerance} of {@code expected}, besides the rounding to its dtype. */
    void assertClose(Tensor actual, long i, double expected, double tolerance, String what) {
        double rounding = actual.dtype() == DType.BF16 ? BF16_ROUNDOFF * (Math.abs(expected) + tolerance) : 0;
        // The least positive number of the dtype, for results that underflow.
        double allowed = tolerance + rounding + Float.MIN_NORMAL;
        assertThat(Math.abs(actual.get(i) - expected))
                .as("%s: element %d is %s, expected %s (%s)", what, i, actual.get(i), expected, description)
                .isLessThanOrEqualTo(allowed);
    }

    static double[] doubles(Tensor tensor) {
        double[] values = new double[(int) tensor.count()];
        for (int i = 0; i < values.length; i++) {
            values[i] = tensor.get(i);
        }
        return values;
    }

    @Override
    public void close() {
        try {
            assertThat(compute.memory().live(Category.WORKSPACE)).isZero();
        } finally {
            compute.close();
        }
    }
}
