package dev.braid.tensor.matmul;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.braid.tensor.Category;
import dev.braid.tensor.DType;
import dev.braid.tensor.Memory;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.Workers;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The facade: what it computes on figures that fit a page, and what it refuses. */
final class MatmulTest {
    private final Workers workers = new Workers(2, "test");
    private final Memory memory = new Memory();
    private final Matmul matmul = new Matmul(workers, memory, "vector");

    @AfterEach
    void close() {
        workers.close();
        matmul.close();
        memory.close();
    }

    private Tensor floats(float... values) {
        Tensor tensor = memory.allocate(Category.ACTIVATIONS, DType.F32, Shape.of(values.length));
        tensor.setFloats(values);
        return tensor;
    }

    private static MatmulSpec f32(int m, int n, int k, boolean transposeA, boolean transposeB, boolean accumulate) {
        return MatmulSpec.dense(m, n, k, transposeA, transposeB, DType.F32, DType.F32, accumulate);
    }

    @Test
    void shouldMultiplyTwoByThreeWithThreeByTwo() {
        Tensor c = floats(0, 0, 0, 0);
        matmul.multiply(f32(2, 2, 3, false, false, false), floats(1, 2, 3, 4, 5, 6), floats(1, 2, 3, 4, 5, 6), c);
        assertThat(c.toFloats()).containsExactly(22, 28, 49, 64);
    }

    @Test
    void shouldReadAFromItsTransposeWhenAskedTo() {
        Tensor c = floats(0, 0, 0, 0);
        matmul.multiply(f32(2, 2, 3, true, false, false), floats(1, 4, 2, 5, 3, 6), floats(1, 2, 3, 4, 5, 6), c);
        assertThat(c.toFloats()).containsExactly(22, 28, 49, 64);
    }

    @Test
    void shouldReadBFromItsTransposeWhenAskedTo() {
        Tensor c = floats(0, 0, 0, 0);
        matmul.multiply(f32(2, 2, 3, false, true, false), floats(1, 2, 3, 4, 5, 6), floats(1, 3, 5, 2, 4, 6), c);
        assertThat(c.toFloats()).containsExactly(22, 28, 49, 64);
    }

    @Test
    void shouldAddToTheResultWhenAccumulating() {
        Tensor c = floats(100, 200, 300, 400);
        matmul.multiply(f32(2, 2, 3, false, false, true), floats(1, 2, 3, 4, 5, 6), floats(1, 2, 3, 4, 5, 6), c);
        assertThat(c.toFloats()).containsExactly(122, 228, 349, 464);
    }

    @Test
    void shouldRoundABf16ResultOnceAfterTheSum() {
        Tensor a = memory.allocate(Category.ACTIVATIONS, DType.BF16, Shape.of(1, 2));
        a.setFloats(new float[] {1, 1});
        Tensor b = memory.allocate(Category.ACTIVATIONS, DType.BF16, Shape.of(2, 1));
        b.setFloats(new float[] {0.5f, 0.5f});
        Tensor c = memory.allocate(Category.ACTIVATIONS, DType.BF16, Shape.of(1, 1));
        c.setFloats(new float[] {256});
        matmul.multiply(MatmulSpec.dense(1, 1, 2, false, false, DType.BF16, DType.BF16, true), a, b, c);
        // 257 lies between the neighbours 256 and 258 and goes to the even one; adding 0.5 twice would be lost as well.
        assertThat(c.toFloats()).containsExactly(256);
        c.setFloats(new float[] {258});
        matmul.multiply(MatmulSpec.dense(1, 1, 2, false, false, DType.BF16, DType.BF16, true), a, b, c);
        assertThat(c.toFloats()).containsExactly(260);
    }

    @Test
    void shouldMultiplySlicesOfColumnsAtAnOffset() {
        MatmulSpec spec = new MatmulSpec(2, 1, 2, false, false, DType.F32, DType.F32, 3, 2, 4, false);
        Tensor c = floats(9, 9, 9, 9, 9, 9, 9, 9);
        matmul.multiply(spec, floats(0, 1, 2, 0, 3, 4), 1, floats(0, 5, 0, 6), 1, c, 2);
        assertThat(c.toFloats()).containsExactly(9, 9, 17, 9, 9, 9, 39, 9);
    }

    @Test
    void shouldWriteZerosWhenThereIsNothingToSum() {
        Tensor c = floats(1, 2, 3, 4);
        matmul.multiply(f32(2, 2, 0, false, false, false), floats(), floats(), c);
        assertThat(c.toFloats()).containsExactly(0, 0, 0, 0);
    }

    @Test
    void shouldLeaveTheResultWhenThereIsNothingToAdd() {
        Tensor c = floats(1, 2, 3, 4);
        matmul.multiply(f32(2, 2, 0, false, false, true), floats(), floats(), c);
        assertThat(c.toFloats()).containsExactly(1, 2, 3, 4);
    }

    @Test
    void shouldDoNothingForAResultWithoutElements() {
        Tensor c = floats(7);
        matmul.multiply(f32(0, 2, 3, false, false, false), floats(), floats(1, 2, 3, 4, 5, 6), c);
        assertThat(c.toFloats()).containsExactly(7);
    }

    @Test
    void shouldMultiplyABatchLikeOneAfterTheOther() {
        SplittableRandom random = new SplittableRandom(3);
        MatmulSpec spec = f32(5, 7, 9, false, true, false);
        Tensor a = MatmulCase.random(memory, DType.F32, 4 * 45, random);
        Tensor b = MatmulCase.random(memory, DType.F32, 63, random);
        Tensor together = MatmulCase.random(memory, DType.F32, 4 * 35, random);
        Tensor single = MatmulCase.random(memory, DType.F32, 4 * 35, random);
        matmul.multiplyBatch(spec, 4, batched(a, 45), batched(b, 0), batched(together, 35));
        for (int i = 0; i < 4; i++) {
            matmul.multiply(spec, a, i * 45L, b, 0, single, i * 35L);
        }
        assertThat(together.toFloats()).isEqualTo(single.toFloats());
    }

    private static Matmul.Batched batched(Tensor tensor, long stride) {
        return new Matmul.Batched(tensor, 0, stride);
    }

    @Test
    void shouldMultiplyABatchOfHeadsThatShareTheirRows() {
        // Two heads of two columns in rows of five: C_h = A_h B with B the identity times 10.
        MatmulSpec spec = new MatmulSpec(2, 2, 2, false, false, DType.F32, DType.F32, 5, 2, 5, false);
        Tensor a = floats(0, 1, 2, 3, 4, 0, 5, 6, 7, 8);
        Tensor c = floats(-1, -1, -1, -1, -1, -1, -1, -1, -1, -1);
        matmul.multiplyBatch(
                spec, 2, new Matmul.Batched(a, 1, 2), batched(floats(10, 0, 0, 10), 0), new Matmul.Batched(c, 1, 2));
        assertThat(c.toFloats()).containsExactly(-1, 10, 20, 30, 40, -1, 50, 60, 70, 80);
    }

    @Test
    void shouldWriteZerosForABatchWithNothingToSum() {
        Tensor c = floats(1, 2, 3, 4);
        matmul.multiplyBatch(f32(1, 2, 0, false, false, false), 2, batched(c, 0), batched(c, 0), batched(c, 2));
        assertThat(c.toFloats()).containsExactly(0, 0, 0, 0);
    }

    @Test
    void shouldRefuseABatchWhoseResultsOverlap() {
        MatmulSpec spec = f32(2, 2, 1, false, false, false);
        assertThatThrownBy(() -> matmul.multiplyBatch(
                        spec,
                        2,
                        batched(floats(1, 2), 0),
                        batched(floats(1, 2), 0),
                        batched(floats(1, 2, 3, 4, 5, 6), 2)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("results of a batch overlap: C spans 4 elements with rows 2 apart, but the next C"
                        + " starts after 2");
    }

    @Test
    void shouldRefuseANegativeBatch() {
        Tensor one = floats(1);
        assertThatThrownBy(() -> matmul.multiplyBatch(
                        f32(1, 1, 1, false, false, false), -1, batched(one, 1), batched(one, 1), batched(one, 1)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("negative batch: -1");
    }

    @Test
    void shouldRefuseANegativeBatchStride() {
        Tensor two = floats(1, 2);
        assertThatThrownBy(() -> matmul.multiplyBatch(
                        f32(1, 1, 1, false, false, false), 2, batched(two, -1), batched(two, 1), batched(two, 1)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("negative batch stride of A: -1");
    }

    @Test
    void shouldRefuseABatchThatReachesPastItsTensor() {
        Tensor two = floats(1, 2);
        assertThatThrownBy(() -> matmul.multiplyBatch(
                        f32(1, 1, 1, false, false, false),
                        3,
                        batched(two, 0),
                        batched(two, 1),
                        batched(floats(1, 2, 3), 1)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("B of a matrix product needs 3 elements from element 0 on, but F32[2] has 2");
    }

    @Test
    void shouldNameTheMatrixWhenItDoesNotFitItsTensor() {
        assertThatThrownBy(() -> matmul.multiply(
                        f32(2, 2, 3, false, false, false),
                        floats(1, 2, 3, 4, 5),
                        floats(1, 2, 3, 4, 5, 6),
                        floats(0, 0, 0, 0)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("A of a matrix product needs 6 elements from element 0 on, but F32[5] has 5")
                .hasMessageContaining("m=2, n=2, k=3");
    }

    @Test
    void shouldNameTheMatrixWhenItsOffsetReachesTooFar() {
        assertThatThrownBy(() ->
                        matmul.multiply(f32(1, 1, 1, false, false, false), floats(1), 0, floats(1), 1, floats(0), 0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("B of a matrix product needs 1 elements from element 1 on, but F32[1] has 1");
    }

    @Test
    void shouldRefuseAnOperandOfAnotherDtype() {
        MatmulSpec spec = MatmulSpec.dense(1, 1, 1, false, false, DType.BF16, DType.F32, false);
        assertThatThrownBy(() -> matmul.multiply(spec, floats(1), floats(1), floats(0)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("A of a matrix product must be BF16 but is F32[1]");
    }

    @Test
    void shouldRefuseAReleasedTensor() {
        Tensor a = floats(1);
        a.release();
        assertThatThrownBy(() -> matmul.multiply(f32(1, 1, 1, false, false, false), a, floats(1), floats(0)))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("was released");
    }

    @Test
    void shouldRefuseAnUnknownEngine() {
        assertThatThrownBy(() -> new Matmul(workers, memory, "blas"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("there is no matrix-product engine 'blas'; allowed: auto, onednn, nd4j, vector");
    }

    @Test
    void shouldUseNoMoreMemoryInTheSecondCallThanInTheFirst() {
        MatmulSpec spec = f32(300, 300, 300, false, true, false);
        MatmulCase each = new MatmulCase(memory, spec, new SplittableRandom(1));
        matmul.multiply(spec, each.a, each.b, each.c);
        long live = memory.live(Category.WORKSPACE);
        assertThat(live).isPositive();
        for (int i = 0; i < 20; i++) {
            matmul.multiply(spec, each.a, each.b, each.c);
        }
        assertThat(memory.live(Category.WORKSPACE)).isEqualTo(live);
        matmul.close();
        assertThat(memory.live(Category.WORKSPACE)).isZero();
    }

    @Test
    void shouldMeasureAPeakWithoutCountingItsMemory() {
        long live = memory.live();
        assertThat(matmul.peakGflops(DType.F32, 256)).isPositive().isFinite();
        assertThat(memory.live(Category.ACTIVATIONS)).isZero();
        assertThat(memory.peak(Category.ACTIVATIONS)).isZero();
        assertThat(live).isZero();
    }
}
