package dev.braid.parallelism;

import static dev.braid.parallelism.ReduceOp.MAX;
import static dev.braid.parallelism.ReduceOp.MEAN;
import static dev.braid.parallelism.ReduceOp.SUM;
import static org.assertj.core.api.Assertions.assertThat;

import dev.braid.tensor.Category;
import dev.braid.tensor.DType;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class AllReduceTest {
    private static final int MEGABYTES_3_ODD = 3 * 256 * 1024 + 1;

    @Test
    void shouldAddTheTensorsOfAllRanks() throws Exception {
        LocalWorld.run(Wires.IN_PLACE, 3, rank -> {
            Tensor tensor = rank.floats(rank.rank(), 10, 100 * rank.rank());
            rank.world().allReduce(tensor, SUM).await();
            assertThat(tensor.toFloats()).containsExactly(0 + 1 + 2, 30, 300);
        });
    }

    @Test
    void shouldAddInRankOrder() throws Exception {
        // (1e8 + 1) - 1e8 = 0, since 1 is lost beside 1e8 in f32; in another order it is 1.
        float[] contributions = {1e8f, 1f, -1e8f};
        LocalWorld.run(Wires.IN_PLACE, 3, rank -> {
            Tensor tensor = rank.floats(contributions[rank.rank()]);
            rank.world().allReduce(tensor, SUM).await();
            assertThat(tensor.get(0)).isZero();
        });
    }

    @Test
    void shouldAddBf16InF32AndRoundOnce() throws Exception {
        // 256 has a step of 2 in bf16. 256 + 1 + 1 = 258 in f32; rounded at each hop it would stay 256.
        float[] contributions = {256f, 1f, 1f};
        LocalWorld.run(Wires.FRAMES, 3, rank -> {
            Tensor tensor = rank.halves(contributions[rank.rank()]);
            rank.world().allReduce(tensor, SUM).await();
            assertThat(tensor.get(0)).isEqualTo(258f);
        });
    }

    @Test
    void shouldGiveTheMean() throws Exception {
        LocalWorld.run(Wires.IN_PLACE, 4, rank -> {
            Tensor tensor = rank.floats(rank.rank(), 8);
            rank.world().allReduce(tensor, MEAN).await();
            assertThat(tensor.toFloats()).containsExactly(1.5f, 8f);
        });
    }

    @Test
    void shouldGiveTheLargestAndLetNaNWin() throws Exception {
        LocalWorld.run(Wires.IN_PLACE, 3, rank -> {
            Tensor tensor = rank.floats(-rank.rank(), rank.rank() == 1 ? Float.NaN : 5, rank.rank());
            rank.world().allReduce(tensor, MAX).await();
            assertThat(tensor.toFloats()).containsExactly(0f, Float.NaN, 2f);
        });
    }

    @Test
    void shouldWrapAroundInI32() throws Exception {
        LocalWorld.run(Wires.IN_PLACE, 2, rank -> {
            Tensor tensor = rank.ints(Integer.MAX_VALUE, rank.rank());
            rank.world().allReduce(tensor, SUM).await();
            assertThat(tensor.getInt(0)).isEqualTo(-2);
            assertThat(tensor.getInt(1)).isEqualTo(1);
        });
    }

    @Test
    void shouldGiveTheLargestSignedByte() throws Exception {
        LocalWorld.run(Wires.IN_PLACE, 2, rank -> {
            Tensor tensor = rank.bytes(rank.rank() == 0 ? -128 : -1, rank.rank() == 0 ? 127 : 0);
            rank.world().allReduce(tensor, MAX).await();
            assertThat(tensor.toFloats()).containsExactly(-1, 127);
        });
    }

    @Test
    void shouldReduceAViewAtAnOddOffsetAndLeaveItsNeighbours() throws Exception {
        LocalWorld.run(Wires.FRAMES, 2, rank -> {
            Tensor whole = rank.memory().zeros(Category.GRADIENTS, DType.BF16, Shape.of(7));
            whole.setFloats(new float[] {1, 2, 3, 4, 5, 6, 7});
            Tensor view = whole.rows(1, 3);
            rank.world().allReduce(view, SUM).await();
            assertThat(whole.toFloats()).containsExactly(1, 4, 6, 8, 5, 6, 7);
        });
    }

    /** G9.4 of the reference: rank-valued vectors give n(n-1)/2 for every n, also with fewer elements than ranks. */
    @ParameterizedTest
    @EnumSource(Wires.class)
    void shouldGiveTheGoldenSumForWorldsOf1To17(Wires wires) throws Exception {
        for (int n = 1; n <= 17; n++) {
            int expected = n * (n - 1) / 2;
            LocalWorld.run(wires, n, rank -> {
                for (int count : new int[] {0, 1, 5, 16, 1001}) {
                    for (DType dtype : List.of(DType.F32, DType.BF16, DType.I32)) {
                        Tensor tensor = rank.zeros(dtype, count);
                        for (int i = 0; i < count; i++) {
                            tensor.set(i, rank.rank());
                        }
                        rank.world().allReduce(tensor, SUM).await();
                        assertThat(tensor.toFloats()).containsOnly(floats(count, expected));
                        tensor.release();
                    }
                }
            });
        }
    }

    private static float[] floats(int count, float value) {
        float[] values = new float[count];
        java.util.Arrays.fill(values, value);
        return values;
    }

    @ParameterizedTest
    @EnumSource(Wires.class)
    void shouldEqualTheScalarReferenceToTheBit(Wires wires) throws Exception {
        for (int n : new int[] {2, 3, 5}) {
            LocalWorld.run(wires, n, rank -> {
                for (DType dtype : DType.values()) {
                    for (ReduceOp op : operations(dtype)) {
                        for (int count : new int[] {1, 2, 31, 15_361, 40_000}) {
                            check(rank, dtype, op, count);
                        }
                    }
                }
            });
        }
    }

    @ParameterizedTest
    @EnumSource(Wires.class)
    void shouldReduceAFewMegabytesOfOddLength(Wires wires) throws Exception {
        LocalWorld.run(wires, 4, rank -> check(rank, DType.F32, SUM, MEGABYTES_3_ODD));
    }

    static List<ReduceOp> operations(DType dtype) {
        return switch (dtype) {
            case F32, BF16 -> List.of(SUM, MEAN, MAX);
            case I32 -> List.of(SUM, MAX);
            case I8 -> List.of(MAX);
        };
    }

    private static void check(LocalRank rank, DType dtype, ReduceOp op, int count) {
        float[][] contributions = Reference.contributions(dtype, rank.ranks(), count);
        Tensor tensor = rank.values(dtype, contributions[rank.rank()]);
        rank.world().allReduce(tensor, op).await();
        assertThat(tensor.toFloats())
                .as("%s %s of %d, rank %d of %d", dtype, op, count, rank.rank(), rank.ranks())
                .isEqualTo(Reference.canonical(dtype, op, contributions));
        tensor.release();
    }

    @Tag("long")
    @ParameterizedTest
    @EnumSource(Wires.class)
    void shouldReduce64Megabytes(Wires wires) throws Exception {
        LocalWorld.run(wires, 3, rank -> check(rank, DType.F32, SUM, 16 << 20));
    }
}
