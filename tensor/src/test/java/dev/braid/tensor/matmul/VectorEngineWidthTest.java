package dev.braid.tensor.matmul;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.braid.tensor.DType;
import dev.braid.tensor.Memory;
import dev.braid.tensor.Workers;
import java.util.SplittableRandom;
import jdk.incubator.vector.VectorShape;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The Vector API engine at the width of this process: the build runs these once for each. */
@Tag("widths")
final class VectorEngineWidthTest {
    private static final int WIDEST = VectorShape.preferredShape().vectorBitSize();

    @BeforeEach
    void skipWhenTheProcessorHasNoSuchVectors() {
        String bits = System.getProperty("braid.vector.bits");
        assumeTrue(
                bits == null || Integer.parseInt(bits) <= WIDEST, "this processor has no vectors of " + bits + " bits");
    }

    @Test
    void shouldRunAtTheWidthThatWasAskedFor() {
        int expected = Integer.getInteger("braid.vector.bits", WIDEST);
        assertThat(new VectorEngine().describe()).isEqualTo("vector " + expected + " bits");
    }

    @Test
    void shouldEqualTheProductInDoubleWithOddSizes() {
        long seed = 31;
        SplittableRandom random = new SplittableRandom(seed);
        try (Workers workers = new Workers(1, "test");
                Memory memory = new Memory();
                Matmul matmul = new Matmul(workers, memory, "vector")) {
            for (int round = 0; round < 120; round++) {
                MatmulSpec spec = MatmulCase.randomSpec(random, round % 6 == 0 ? 300 : 70, round % 6 == 1 ? 1100 : 90);
                MatmulCase each = new MatmulCase(memory, spec, random);
                matmul.multiply(spec, each.a, each.b, each.c);
                each.check("seed " + seed + " round " + round);
                each.release();
            }
        }
    }

    @Test
    void shouldAddInTheOrderOfKWithFusedMultiplyAdd() {
        SplittableRandom random = new SplittableRandom(8);
        try (Workers workers = new Workers(1, "test");
                Memory memory = new Memory();
                Matmul matmul = new Matmul(workers, memory, "vector")) {
            MatmulSpec spec = MatmulSpec.dense(13, 37, 700, false, true, DType.F32, DType.F32, false);
            MatmulCase each = new MatmulCase(memory, spec, random);
            matmul.multiply(spec, each.a, each.b, each.c);
            for (int i = 0; i < 13; i++) {
                for (int j = 0; j < 37; j++) {
                    float sum = 0;
                    for (int p = 0; p < 700; p++) {
                        sum = Math.fma(each.a.get(i * 700L + p), each.b.get(j * 700L + p), sum);
                    }
                    // So the bits are also the same for every width.
                    assertThat(each.c.get(i * 37L + j)).as("C[%d,%d]", i, j).isEqualTo(sum);
                }
            }
        }
    }

    @Test
    void shouldRoundToBf16AsTheScalarConversionDoes() {
        try (Memory memory = new Memory()) {
            float[] values = {
                0f,
                -0f,
                1f,
                1.00390625f,
                1.01171875f,
                -3.14159f,
                1e-40f,
                3.4e38f,
                Float.MAX_VALUE,
                Float.POSITIVE_INFINITY,
                Float.NEGATIVE_INFINITY,
                Float.NaN,
                Float.intBitsToFloat(0x7F80_0001)
            };
            int count = 67;
            var source =
                    memory.allocate(dev.braid.tensor.Category.WORKSPACE, DType.F32, dev.braid.tensor.Shape.of(count));
            var target =
                    memory.allocate(dev.braid.tensor.Category.WORKSPACE, DType.BF16, dev.braid.tensor.Shape.of(count));
            for (int i = 0; i < count; i++) {
                source.set(i, values[i % values.length]);
            }
            Rows.result(source.address(), DType.BF16, false, target.address(), count);
            for (int i = 0; i < count; i++) {
                float expected = DType.fromBf16(DType.toBf16(values[i % values.length]));
                assertThat(Float.floatToIntBits(target.get(i)))
                        .as("element %d", i)
                        .isEqualTo(Float.floatToIntBits(expected));
            }
        }
    }
}
