package dev.braid.tensor.matmul;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.braid.tensor.DType;
import org.junit.jupiter.api.Test;

final class MatmulSpecTest {
    private static MatmulSpec spec(int m, DType operands, DType result, long strideA, long strideB, long strideC) {
        return new MatmulSpec(m, 3, 4, false, false, operands, result, strideA, strideB, strideC, false);
    }

    @Test
    void shouldCountTheElementsThatEachMatrixSpans() {
        MatmulSpec spec = spec(2, DType.F32, DType.F32, 10, 20, 30);
        assertThat(spec.spanA()).isEqualTo(14);
        assertThat(spec.spanB()).isEqualTo(63);
        assertThat(spec.spanC()).isEqualTo(33);
    }

    @Test
    void shouldSpanNothingWithoutColumns() {
        assertThat(MatmulSpec.dense(5, 2, 0, false, false, DType.F32, DType.F32, false)
                        .spanA())
                .isZero();
    }

    @Test
    void shouldCountTwoOperationsForEachProduct() {
        assertThat(spec(2, DType.F32, DType.F32, 4, 3, 3).flops()).isEqualTo(48);
    }

    @Test
    void shouldRefuseNegativeExtents() {
        assertThatThrownBy(() -> spec(-1, DType.F32, DType.F32, 4, 3, 3))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("negative extent in a matrix product: m=-1 n=3 k=4");
    }

    @Test
    void shouldRefuseIntegers() {
        assertThatThrownBy(() -> spec(2, DType.I32, DType.F32, 4, 3, 3))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("matrix products take F32 or BF16, not I32: operands I32, result F32");
    }

    @Test
    void shouldRefuseABf16ResultOfF32Operands() {
        assertThatThrownBy(() -> spec(2, DType.F32, DType.BF16, 4, 3, 3))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("a matrix product of F32 operands has an F32 result");
    }

    @Test
    void shouldRefuseRowsThatOverlap() {
        assertThatThrownBy(() -> spec(2, DType.F32, DType.F32, 3, 3, 3))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("rows of A overlap: a row in memory has 4 elements but the stride is 3");
        assertThatThrownBy(() -> spec(2, DType.F32, DType.F32, 4, 2, 3)).hasMessageContaining("rows of B overlap");
        assertThatThrownBy(() -> spec(2, DType.F32, DType.F32, 4, 3, 2)).hasMessageContaining("rows of C overlap");
    }
}
