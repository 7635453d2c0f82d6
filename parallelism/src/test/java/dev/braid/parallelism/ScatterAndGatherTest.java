package dev.braid.parallelism;

import static dev.braid.parallelism.ReduceOp.MEAN;
import static dev.braid.parallelism.ReduceOp.SUM;
import static org.assertj.core.api.Assertions.assertThat;

import dev.braid.tensor.DType;
import dev.braid.tensor.Tensor;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ScatterAndGatherTest {
    @Test
    void shouldLeaveEachRankItsSliceOfTheSum() throws Exception {
        LocalWorld.run(Wires.IN_PLACE, 2, rank -> {
            Tensor input = rank.floats(1, 2, 3, 4 + rank.rank(), 5);
            Tensor output = rank.zeros(DType.F32, rank.rank() == 0 ? 3 : 2);
            rank.world().reduceScatter(input, output, SUM).await();
            assertThat(output.toFloats()).isEqualTo(rank.rank() == 0 ? new float[] {2, 4, 6} : new float[] {9, 10});
        });
    }

    @Test
    void shouldScatterTheMeanByGivenCountsOfWhichSomeAreZero() throws Exception {
        long[] counts = {1, 0, 2};
        LocalWorld.run(Wires.FRAMES, 3, rank -> {
            Tensor output = rank.zeros(DType.F32, counts[rank.rank()]);
            rank.world()
                    .reduceScatter(rank.floats(3 * rank.rank(), 6, 9), counts, output, MEAN)
                    .await();
            float[][] expected = {{3}, {}, {6, 9}};
            assertThat(output.toFloats()).usingComparatorWithPrecision(1e-6f).containsExactly(expected[rank.rank()]);
        });
    }

    @Test
    void shouldScatterIntoTheSliceOfTheInputItself() throws Exception {
        LocalWorld.run(Wires.IN_PLACE, 3, rank -> {
            Tensor input = rank.ints(10, 20, 30);
            Tensor own = input.rows(rank.rank(), 1);
            rank.world().reduceScatter(input, own, SUM).await();
            assertThat(own.getInt(0)).isEqualTo(30 * (rank.rank() + 1));
        });
    }

    @Test
    void shouldGatherSlicesInRankOrder() throws Exception {
        LocalWorld.run(Wires.FRAMES, 2, rank -> {
            Tensor output = rank.zeros(DType.I8, 5);
            rank.world()
                    .allGather(rank.rank() == 0 ? rank.bytes(1, 2, 3) : rank.bytes(-4, -5), output)
                    .await();
            assertThat(output.toFloats()).containsExactly(1, 2, 3, -4, -5);
        });
    }

    @Test
    void shouldGatherByGivenCountsOfWhichSomeAreZero() throws Exception {
        long[] counts = {0, 3, 1};
        LocalWorld.run(Wires.IN_PLACE, 3, rank -> {
            float[][] slices = {{}, {1, 2, 3}, {4}};
            Tensor output = rank.zeros(DType.BF16, 4);
            rank.world()
                    .allGather(rank.halves(slices[rank.rank()]), counts, output)
                    .await();
            assertThat(output.toFloats()).containsExactly(1, 2, 3, 4);
        });
    }

    @Test
    void shouldGatherInPlaceAtAnOddOffset() throws Exception {
        LocalWorld.run(Wires.TCP, 2, rank -> {
            Tensor whole = rank.halves(9, 0, 0, 0, 9);
            Tensor output = whole.rows(1, 3);
            Tensor own = rank.rank() == 0 ? output.rows(0, 2) : output.rows(2, 1);
            own.setFloats(rank.rank() == 0 ? new float[] {1, 2} : new float[] {3});
            rank.world().allGather(own, output).await();
            assertThat(whole.toFloats()).containsExactly(9, 1, 2, 3, 9);
        });
    }

    @ParameterizedTest
    @EnumSource(Wires.class)
    void shouldScatterAndGatherToTheBitsOfAllReduceForWorldsOf1To17(Wires wires) throws Exception {
        for (int n : new int[] {1, 2, 3, 8, 13, 17}) {
            LocalWorld.run(wires, n, ScatterAndGatherTest::compareWithAllReduce);
        }
    }

    @ParameterizedTest
    @EnumSource(Wires.class)
    void shouldScatterAndGatherToTheBitsOfAllReduceRoundARing(Wires wires) throws Exception {
        for (int n : new int[] {1, 2, 3, 5}) {
            LocalWorld.run(wires, n, Algorithm.RING, ScatterAndGatherTest::compareWithAllReduce);
        }
    }

    private static void compareWithAllReduce(LocalRank rank) {
        for (DType dtype : new DType[] {DType.F32, DType.BF16}) {
            for (int count : new int[] {0, 1, 12, 40_001}) {
                Tensor reduced = rank.values(dtype, Reference.values(dtype, rank.rank(), count));
                Tensor input = rank.values(dtype, Reference.values(dtype, rank.rank(), count));
                Tensor slice = rank.zeros(dtype, Slices.size(count, rank.ranks(), rank.rank()));
                Tensor gathered = rank.zeros(dtype, count);
                rank.world().allReduce(reduced, MEAN).await();
                rank.world().reduceScatter(input, slice, MEAN).await();
                rank.world().allGather(slice, gathered).await();
                assertThat(gathered.toFloats())
                        .as("%s, %d elements, %d ranks", dtype, count, rank.ranks())
                        .isEqualTo(reduced.toFloats());
                for (Tensor tensor : new Tensor[] {reduced, input, slice, gathered}) {
                    tensor.release();
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource(Wires.class)
    void shouldGatherMegabytes(Wires wires) throws Exception {
        LocalWorld.run(wires, 3, rank -> {
            Tensor input = rank.zeros(DType.I32, 500_001);
            for (int i = 0; i < input.count(); i++) {
                input.setInt(i, rank.rank() * 1_000_000 + i);
            }
            Tensor output = rank.zeros(DType.I32, 3 * 500_001);
            long[] counts = new long[3];
            Arrays.fill(counts, 500_001);
            rank.world().allGather(input, counts, output).await();
            for (int i = 0; i < output.count(); i++) {
                if (output.getInt(i) != i / 500_001 * 1_000_000 + i % 500_001) {
                    assertThat(output.getInt(i)).as("element " + i).isEqualTo(i / 500_001 * 1_000_000 + i % 500_001);
                }
            }
        });
    }
}
