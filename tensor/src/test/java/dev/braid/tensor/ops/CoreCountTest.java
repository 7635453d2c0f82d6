package dev.braid.tensor.ops;

import static org.assertj.core.api.Assertions.assertThat;

import dev.braid.tensor.Compute;
import dev.braid.tensor.DType;
import dev.braid.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The number of cores must not change a bit of any result. */
@Tag("widths")
final class CoreCountTest {
    /** More rows and elements than one block has, and no multiple of it. */
    private static final int ROWS = 333;

    private static final int COLUMNS = 201;

    @ParameterizedTest
    @EnumSource(
            value = DType.class,
            names = {"F32", "BF16"})
    void shouldGiveTheSameBitsOnOneTwoAndFourCores(DType dtype) {
        List<float[]> one = results(1, dtype);
        assertThat(one).hasSize(19);
        for (int cores : new int[] {2, 4}) {
            List<float[]> many = results(cores, dtype);
            for (int i = 0; i < one.size(); i++) {
                assertThat(many.get(i)).as("result %d on %d cores", i, cores).containsExactly(one.get(i));
            }
        }
    }

    private static List<float[]> results(int cores, DType dtype) {
        try (Fixture fixture = new Fixture("vector", cores)) {
            List<Tensor> results = new ArrayList<>();
            norms(fixture, dtype, results);
            activations(fixture, dtype, results);
            sums(fixture, dtype, results);
            loss(fixture, dtype, results);
            return results.stream().map(Tensor::toFloats).toList();
        }
    }

    private static void norms(Fixture fixture, DType dtype, List<Tensor> results) {
        Compute compute = fixture.compute();
        Tensor x = fixture.random(dtype, ROWS, COLUMNS);
        Tensor dy = fixture.random(dtype, ROWS, COLUMNS);
        Tensor weight = fixture.random(DType.F32, COLUMNS);
        Tensor y = fixture.zeros(dtype, ROWS, COLUMNS);
        Tensor inverse = fixture.zeros(DType.F32, ROWS);
        RmsNorm.forward(compute, x, weight, 1e-5f, y, inverse);
        RmsNorm.weightGradient(compute, dy, x, inverse, weight);
        RmsNorm.inputGradient(compute, dy, x, weight, inverse, null, dy);
        results.addAll(List.of(y, inverse, weight, dy));
        Tensor qkv = fixture.random(dtype, ROWS, 4 * 50);
        Tensor gradient = fixture.random(dtype, ROWS, 4 * 50);
        Tensor weightQ = fixture.random(DType.F32, 50);
        Tensor weightK = fixture.random(DType.F32, 50);
        Tensor out = fixture.zeros(dtype, ROWS, 4 * 50);
        Tensor inverses = fixture.zeros(DType.F32, ROWS, 3);
        HeadNorm.forward(compute, qkv, weightQ, weightK, 2, 1, 1e-5f, out, inverses);
        HeadNorm.weightGradient(compute, gradient, qkv, inverses, 2, 1, weightQ, weightK);
        HeadNorm.inputGradient(compute, gradient, qkv, weightQ, weightK, 2, 1, inverses, gradient);
        results.addAll(List.of(out, weightQ, weightK, gradient));
    }

    private static void activations(Fixture fixture, DType dtype, List<Tensor> results) {
        Compute compute = fixture.compute();
        Tensor gateUp = fixture.random(dtype, ROWS, 2 * COLUMNS);
        Tensor out = fixture.zeros(dtype, ROWS, COLUMNS);
        Tensor gradient = fixture.zeros(dtype, ROWS, 2 * COLUMNS);
        SwiGlu.forward(compute, gateUp, out);
        SwiGlu.inputGradient(compute, out, gateUp, gradient);
        Tensor rotated = fixture.random(dtype, ROWS, 200);
        Tensor positions = fixture.randomIndices(100, ROWS);
        Rope.apply(compute, rotated, new RopeTable(50, 10_000, 100), positions, 50, 3, false);
        results.addAll(List.of(out, gradient, rotated));
    }

    private static void sums(Fixture fixture, DType dtype, List<Tensor> results) {
        Compute compute = fixture.compute();
        Tensor values = fixture.random(dtype, ROWS, COLUMNS);
        Tensor columns = fixture.random(DType.F32, COLUMNS);
        Elementwise.columnSum(compute, values, columns);
        Tensor table = fixture.random(DType.F32, 5, COLUMNS);
        Embedding.weightGradient(compute, values, fixture.randomIndices(5, ROWS), table);
        Tensor wide = fixture.zeros(DType.F32, ROWS, COLUMNS);
        Elementwise.convert(compute, values, wide);
        double sum = Elementwise.sum(compute, wide);
        double squares = SquaredNorm.of(compute, wide);
        Tensor drawn = fixture.zeros(DType.F32, 10_000);
        CounterRandom.normal(compute, drawn, 1, "weight", 0, 1, 3);
        // 16 bits each: a test reads them back as floats.
        int[] bits = {Double.hashCode(sum), Double.hashCode(squares)};
        Tensor scalars = fixture.ints(bits[0] >>> 16, bits[0] & 0xFFFF, bits[1] >>> 16, bits[1] & 0xFFFF);
        results.addAll(List.of(columns, table, scalars, drawn));
    }

    private static void loss(Fixture fixture, DType dtype, List<Tensor> results) {
        Compute compute = fixture.compute();
        Tensor logits = fixture.random(DType.F32, ROWS, COLUMNS);
        Tensor labels = fixture.randomIndices(COLUMNS, ROWS);
        Tensor lse = fixture.zeros(DType.F32, ROWS);
        Tensor loss = fixture.zeros(DType.F32, ROWS);
        Tensor gradient = fixture.zeros(dtype, ROWS, COLUMNS);
        CrossEntropy.forward(compute, logits, labels, 1e-3f, lse, loss);
        CrossEntropy.gradient(compute, logits, labels, lse, 1, 1e-3f, gradient);
        Tensor atOnce = fixture.zeros(dtype, ROWS, COLUMNS);
        CrossEntropy.forwardGradient(compute, logits, labels, 1, 1e-3f, lse, loss, atOnce);
        results.addAll(List.of(lse, loss, gradient, atOnce));
    }
}
