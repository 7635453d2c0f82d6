package dev.braid.tensor.matmul;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.braid.tensor.Category;
import dev.braid.tensor.DType;
import dev.braid.tensor.Memory;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.Workers;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Products of groups of rows, each with a matrix of its own, against one product after the other. */
final class GroupedProductsTest {
    /** No rows, one, fewer than a tile has, exactly one, two tiles and a bit, none at the end. */
    private static final int[] GROUPS = {0, 0, 1, 1, 33, 289, 560, 560 + 17, 560 + 17};

    private final Workers workers = new Workers(2, "test");
    private final Memory memory = new Memory();

    @AfterEach
    void close() {
        workers.close();
        memory.close();
    }

    static List<String> engines() {
        return Engines.here();
    }

    private Tensor floats(float... values) {
        Tensor tensor = memory.allocate(Category.ACTIVATIONS, DType.F32, Shape.of(values.length));
        tensor.setFloats(values);
        return tensor;
    }

    private Tensor random(DType dtype, long count, long seed) {
        return MatmulCase.random(memory, dtype, count, new SplittableRandom(seed));
    }

    /** Row 0 goes through [1 2; 3 4], nothing through the second matrix, rows 1 and 2 through [10 0; 0 10]. */
    @Test
    void shouldMultiplyRowsByTheMatrixOfTheirGroup() {
        try (Matmul matmul = new Matmul(workers, memory, "vector")) {
            MatmulSpec spec = MatmulSpec.dense(3, 2, 2, false, false, DType.F32, DType.F32, false);
            Tensor c = floats(9, 9, 9, 9, 9, 9);
            matmul.multiplyGroups(
                    spec,
                    new int[] {0, 1, 1, 3},
                    floats(1, 1, 5, 6, 7, 8),
                    0,
                    floats(1, 2, 3, 4, 0, 0, 0, 0, 10, 0, 0, 10),
                    c,
                    0);
            assertThat(c.toFloats()).containsExactly(4, 6, 50, 60, 70, 80);
        }
    }

    /** The first row's product with itself, and that of the other two. */
    @Test
    void shouldAddUpTheProductsOfEachGroupsRows() {
        try (Matmul matmul = new Matmul(workers, memory, "vector")) {
            MatmulSpec spec = MatmulSpec.dense(2, 1, 3, true, false, DType.F32, DType.F32, true);
            Tensor c = floats(100, 200, 300, 400, 500, 600);
            matmul.addGroupProducts(spec, new int[] {0, 1, 1, 3}, floats(1, 2, 3, 4, 5, 6), floats(10, 20, 30), 0, c);
            assertThat(c.toFloats()).containsExactly(110, 220, 300, 400, 500 + 60 + 150, 600 + 80 + 180);
        }
    }

    /** In all four ways in which the layers of experts use it; columns of A and C are slices of wider matrices. */
    @ParameterizedTest
    @MethodSource("engines")
    void shouldGiveTheBitsOfOneProductAfterTheOther(String engine) {
        try (Matmul matmul = new Matmul(workers, memory, engine)) {
            for (DType dtype : List.of(DType.F32, DType.BF16)) {
                for (boolean transposed : List.of(false, true)) {
                    for (boolean accumulate : List.of(false, true)) {
                        expectSameBits(matmul, GROUPS, spec(GROUPS, 21, 37, dtype, transposed, accumulate));
                        // Wider than a tile, in a few rows.
                        int[] few = {0, 3, 3, 20};
                        expectSameBits(matmul, few, spec(few, 530, 9, dtype, transposed, accumulate));
                    }
                }
            }
        }
    }

    private static MatmulSpec spec(int[] groups, int n, int k, DType dtype, boolean transposed, boolean accumulate) {
        int m = groups[groups.length - 1];
        return new MatmulSpec(m, n, k, false, transposed, dtype, dtype, k + 5, transposed ? k : n, n + 3, accumulate);
    }

    private void expectSameBits(Matmul matmul, int[] firstRows, MatmulSpec spec) {
        int groups = firstRows.length - 1;
        long size = (long) spec.n() * spec.k();
        Tensor a = random(spec.operands(), spec.spanA() + 5, 1);
        Tensor b = random(spec.operands(), groups * size, 2);
        Tensor together = random(spec.result(), spec.spanC() + 3, 3);
        Tensor apart = random(spec.result(), spec.spanC() + 3, 3);
        matmul.multiplyGroups(spec, firstRows, a, 5, b, together, 3);
        for (int group = 0; group < groups; group++) {
            int rows = firstRows[group + 1] - firstRows[group];
            long first = firstRows[group];
            if (rows == 0) {
                continue;
            }
            matmul.multiply(
                    spec.tile(rows, spec.n()),
                    a,
                    5 + first * spec.strideA(),
                    b,
                    group * size,
                    apart,
                    3 + first * spec.strideC());
        }
        assertThat(together.toFloats()).as("%s", spec).isEqualTo(apart.toFloats());
        a.release();
        b.release();
        together.release();
        apart.release();
    }

    @ParameterizedTest
    @MethodSource("engines")
    void shouldAddTheBitsOfOneProductAfterTheOther(String engine) {
        try (Matmul matmul = new Matmul(workers, memory, engine)) {
            for (DType dtype : List.of(DType.F32, DType.BF16)) {
                int rows = GROUPS[GROUPS.length - 1];
                expectSameSums(matmul, dtype, GROUPS, GROUPS);
                // A group of more than 1,024 rows is added in parts: of 2,576 rows in three of 864, 864 and 848.
                int[] one = {0, 2_576};
                expectSameSums(matmul, dtype, one, new int[] {0, 864, 1_728, 2_576});
                assertThat(rows).isLessThan(1_024);
            }
        }
    }

    /** @param parts where each begins that is added by itself, to the sum of the group that it lies in */
    private void expectSameSums(Matmul matmul, DType dtype, int[] groups, int[] parts) {
        int m = 19;
        int n = 23;
        int rows = groups[groups.length - 1];
        long size = (long) m * n;
        int matrices = groups.length - 1;
        MatmulSpec spec = new MatmulSpec(m, n, rows, true, false, dtype, DType.F32, m, n + 7, n, true);
        Tensor a = random(dtype, spec.spanA(), 1);
        Tensor b = random(dtype, spec.spanB() + 4, 2);
        Tensor together = random(DType.F32, matrices * size, 3);
        Tensor apart = random(DType.F32, matrices * size, 3);
        matmul.addGroupProducts(spec, groups, a, b, 4, together);
        int group = 0;
        for (int part = 0; part < parts.length - 1; part++) {
            long first = parts[part];
            while (parts[part + 1] > groups[group + 1]) {
                group++;
            }
            if (parts[part + 1] == parts[part]) {
                continue;
            }
            matmul.multiply(
                    spec.ofDepth(parts[part + 1] - parts[part]),
                    a,
                    first * spec.strideA(),
                    b,
                    4 + first * spec.strideB(),
                    apart,
                    group * size);
        }
        assertThat(together.toFloats()).as("%s", spec).isEqualTo(apart.toFloats());
        a.release();
        b.release();
        together.release();
        apart.release();
    }

    @Test
    void shouldRefuseGroupsThatDoNotCoverTheRows() {
        try (Matmul matmul = new Matmul(workers, memory, "vector")) {
            MatmulSpec spec = MatmulSpec.dense(3, 2, 2, false, false, DType.F32, DType.F32, false);
            Tensor six = floats(1, 2, 3, 4, 5, 6);
            Tensor eight = floats(1, 2, 3, 4, 5, 6, 7, 8);
            for (int[] groups : new int[][] {{0, 2}, {1, 3}, {}}) {
                assertThatThrownBy(() -> matmul.multiplyGroups(spec, groups, six, 0, eight, six, 0))
                        .isInstanceOf(IllegalArgumentException.class)
                        .hasMessageContaining(
                                "groups must begin at row 0 and end at row m of an A that is not transposed");
            }
            assertThatThrownBy(() ->
                            matmul.multiplyGroups(spec, new int[] {0, 1, 2, 3}, six, 0, eight, floats(1, 2, 3), 0))
                    .hasMessageContaining(
                            "B of a matrix product needs 12 elements from element 0 on, but F32[8] has 8");
            MatmulSpec sums = MatmulSpec.dense(2, 1, 3, true, false, DType.F32, DType.F32, false);
            assertThatThrownBy(() -> matmul.addGroupProducts(sums, new int[] {0, 3}, six, six, 0, six))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("a transposed A and of B, and add to C: [0, 3]");
        }
    }

    /** 16 heights of tiles, whatever the loads of experts: an engine keeps what it has made for each. */
    @Test
    void shouldCutGroupsIntoFewDifferentLengths() {
        assertThat(GroupTiling.part(0, 256)).isZero();
        assertThat(GroupTiling.part(1, 256)).isEqualTo(16);
        assertThat(GroupTiling.part(256, 256)).isEqualTo(256);
        assertThat(GroupTiling.part(272, 256)).isEqualTo(144);
        assertThat(GroupTiling.part(528, 256)).isEqualTo(176);
        for (int length = 16; length < 5_000; length += 16) {
            int part = GroupTiling.part(length, 256);
            assertThat(part % 16).isZero();
            assertThat(part).isBetween(16, 256);
            assertThat(Math.ceilDiv(length, part)).isLessThanOrEqualTo(Math.ceilDiv(length, 256));
        }
    }
}
