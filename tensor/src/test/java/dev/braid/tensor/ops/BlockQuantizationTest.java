package dev.braid.tensor.ops;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.braid.tensor.BlockFormat;
import dev.braid.tensor.DType;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

@Tag("widths")
final class BlockQuantizationTest {
    /** Around words, vectors and blocks. */
    private static final int[] COUNTS = {0, 1, 3, 4, 5, 63, 127, 128, 129, 255, 256, 257, 1024, 8500};

    static Stream<String> kernels() {
        return Fixture.kernels();
    }

    static Stream<Arguments> kernelsAndFormats() {
        return kernels().flatMap(name -> Stream.of(BlockFormat.values()).map(format -> Arguments.of(name, format)));
    }

    private static Tensor quantized(Fixture fixture, BlockFormat format, Tensor source) {
        Tensor target = fixture.zeros(DType.I8, format.bytes(source.count()));
        BlockQuantization.quantize(fixture.compute(), format, source, target);
        return target;
    }

    /** There and back. */
    private static float[] restored(Fixture fixture, BlockFormat format, Tensor source) {
        Tensor target = fixture.zeros(DType.F32, source.count());
        BlockQuantization.dequantize(fixture.compute(), format, quantized(fixture, format, source), target);
        return target.toFloats();
    }

    @ParameterizedTest
    @MethodSource("kernels")
    void shouldMapTheLargestMagnitudeToTheLargestCode(String name) {
        try (Fixture fixture = new Fixture(name)) {
            // 254 / 127 = 2 is the scale. 5 / 2 and 7 / 2 are ties, which go to the even 2 and 4.
            Tensor bytes = quantized(fixture, BlockFormat.INT8, fixture.of(DType.F32, -254, 5, 7, 3.2));
            assertThat(bytes.view(0, DType.F32, Shape.of(1)).get(0)).isEqualTo(2f);
            assertThat(bytes.rows(4, 4).toFloats()).containsExactly(-127, 2, 4, 2);
            assertThat(restored(fixture, BlockFormat.INT8, fixture.of(DType.F32, -254, 5, 7, 3.2)))
                    .containsExactly(-254, 4, 8, 4);
        }
    }

    @ParameterizedTest
    @MethodSource("kernels")
    void shouldPutEightCodesOfFourBitsIntoAWord(String name) {
        try (Fixture fixture = new Fixture(name)) {
            // Nine numbers take two words: number i is code i / 2 of word i % 2, lowest bits first.
            Tensor source = fixture.of(DType.F32, 7, 1, 2, -1, 3, -2, 4, -3, 5);
            Tensor words = quantized(fixture, BlockFormat.INT4, source);
            assertThat(words.count()).isEqualTo(4 + 2 * 4);
            Tensor codes = words.view(4, DType.I32, Shape.of(2));
            assertThat(codes.getInt(0)).isEqualTo(0x0005_4327);
            assertThat(codes.getInt(1)).isEqualTo(0x0000_DEF1);
            assertThat(restored(fixture, BlockFormat.INT4, source)).containsExactly(source.toFloats());
        }
    }

    @ParameterizedTest
    @MethodSource("kernels")
    void shouldGiveEachBlockItsOwnScale(String name) {
        try (Fixture fixture = new Fixture(name)) {
            Tensor source = fixture.zeros(DType.F32, 300);
            source.set(0, 127_000);
            source.set(1, 499);
            source.set(256, 127);
            source.set(257, 49);
            float[] restored = restored(fixture, BlockFormat.INT8, source);
            assertThat(restored[1]).isZero();
            assertThat(restored[257]).isEqualTo(49);
        }
    }

    @ParameterizedTest
    @MethodSource("kernelsAndFormats")
    void shouldBeOffByHalfAScaleAtMost(String name, BlockFormat format) {
        try (Fixture fixture = new Fixture(name)) {
            for (DType dtype : List.of(DType.F32, DType.BF16)) {
                Tensor source = fixture.random(dtype, 8500);
                float[] restored = restored(fixture, format, source);
                for (int first = 0; first < restored.length; first += format.block()) {
                    int end = Math.min(restored.length, first + format.block());
                    double most = 0;
                    for (int i = first; i < end; i++) {
                        most = Math.max(most, Math.abs(source.get(i)));
                    }
                    for (int i = first; i < end; i++) {
                        double allowed = most / format.largest() * 0.5 + 4 * Fixture.F32_ROUNDOFF * most;
                        assertThat(Math.abs(restored[i] - (double) source.get(i)))
                                .as("element %d of %s", i, dtype)
                                .isLessThanOrEqualTo(allowed);
                    }
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource(BlockFormat.class)
    void shouldGiveTheBitsOfThePlainLoopForEveryCount(BlockFormat format) {
        try (Fixture scalar = new Fixture("scalar");
                Fixture vector = new Fixture("vector", 1)) {
            for (int count : COUNTS) {
                for (DType dtype : List.of(DType.F32, DType.BF16)) {
                    Tensor source = scalar.random(dtype, count);
                    Tensor expected = quantized(scalar, format, source);
                    Tensor actual = quantized(vector, format, vector.copy(source));
                    assertThat(actual.toFloats()).as("%d of %s", count, dtype).containsExactly(expected.toFloats());
                    Tensor other = quantized(scalar, format, scalar.random(dtype, count));
                    float[] numbers = numbers(scalar, format, dtype, expected, other, count);
                    assertThat(numbers(vector, format, dtype, actual, vector.copy(other), count))
                            .as("%d of %s", count, dtype)
                            .containsExactly(numbers);
                }
            }
        }
    }

    /** The numbers in {@code a}, rounded to {@code dtype}, plus those in {@code b}, plus those in {@code a} once more. */
    private static float[] numbers(Fixture fixture, BlockFormat format, DType dtype, Tensor a, Tensor b, int count) {
        Tensor rounded = fixture.zeros(dtype, count);
        BlockQuantization.dequantize(fixture.compute(), format, a, rounded);
        Tensor sum = fixture.zeros(DType.F32, count);
        Elementwise.convert(fixture.compute(), rounded, sum);
        BlockQuantization.add(fixture.compute(), format, List.of(b, a), sum);
        return sum.toFloats();
    }

    @ParameterizedTest
    @MethodSource("kernelsAndFormats")
    void shouldAddInTheOrderOfSources(String name, BlockFormat format) {
        try (Fixture fixture = new Fixture(name)) {
            // In f32 1 is lost beside 2^24, but not beside 0. One number a block is exact.
            Tensor one = quantized(fixture, format, fixture.of(DType.F32, 1));
            Tensor minus = quantized(fixture, format, fixture.of(DType.F32, -0x1p24));
            Tensor sum = fixture.of(DType.F32, 0x1p24);
            BlockQuantization.add(fixture.compute(), format, List.of(one, minus), sum);
            assertThat(sum.get(0)).isZero();
            sum.set(0, 0x1p24f);
            BlockQuantization.add(fixture.compute(), format, List.of(minus, one), sum);
            assertThat(sum.get(0)).isEqualTo(1f);
        }
    }

    @ParameterizedTest
    @MethodSource("kernelsAndFormats")
    void shouldKeepBlocksOfZeros(String name, BlockFormat format) {
        try (Fixture fixture = new Fixture(name)) {
            Tensor zeros = fixture.zeros(DType.F32, 300);
            assertThat(quantized(fixture, format, zeros).toFloats()).containsOnly(0f);
            assertThat(restored(fixture, format, zeros)).containsOnly(0f);
            // The scale would be no normal number.
            Tensor tiny = fixture.zeros(DType.F32, 300);
            tiny.set(7, Float.MIN_NORMAL);
            assertThat(restored(fixture, format, tiny)).containsOnly(0f);
        }
    }

    @ParameterizedTest
    @MethodSource("kernelsAndFormats")
    void shouldMakeTheWholeBlockNaNWhereANumberIsNotFinite(String name, BlockFormat format) {
        try (Fixture fixture = new Fixture(name)) {
            for (float wrong : new float[] {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY}) {
                Tensor source = fixture.random(DType.F32, 2 * format.block() + 3);
                source.set(5, wrong);
                source.set(2L * format.block() + 1, wrong);
                float[] restored = restored(fixture, format, source);
                for (int i = 0; i < restored.length; i++) {
                    boolean between = i >= format.block() && i < 2 * format.block();
                    assertThat(Float.isFinite(restored[i])).as("element %d", i).isEqualTo(between);
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("kernelsAndFormats")
    void shouldGiveTheSameNumbersWhenCutBetweenBlocks(String name, BlockFormat format) {
        try (Fixture fixture = new Fixture(name)) {
            Tensor source = fixture.random(DType.F32, 10_000);
            Tensor whole = quantized(fixture, format, source);
            Tensor end = quantized(fixture, format, source.rows(4096, 10_000 - 4096));
            long at = format.bytes(4096);
            assertThat(whole.rows(at, whole.count() - at).toFloats()).containsExactly(end.toFloats());
        }
    }

    @Test
    void shouldCountBytesWithScales() {
        assertThat(BlockFormat.INT8.bytes(1024)).isEqualTo(4 * (4 + 256));
        assertThat(BlockFormat.INT4.bytes(1024)).isEqualTo(8 * (4 + 64));
        // Codes of the last block fill whole words.
        assertThat(BlockFormat.INT8.bytes(257)).isEqualTo(260 + 4 + 4);
        assertThat(BlockFormat.INT4.bytes(137)).isEqualTo(68 + 4 + 8);
        assertThat(BlockFormat.INT4.bytes(0)).isZero();
    }

    @Test
    void shouldNameWhatHasTheWrongSizeOrDtype() {
        try (Fixture fixture = new Fixture("vector")) {
            Tensor source = fixture.zeros(DType.F32, 256);
            Tensor target = fixture.zeros(DType.I8, 256);
            assertThatThrownBy(() -> BlockQuantization.quantize(fixture.compute(), BlockFormat.INT8, source, target))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("quantize: target must be I8 with 260 elements, but is I8[256]");
            assertThatThrownBy(() -> BlockQuantization.dequantize(fixture.compute(), BlockFormat.INT4, target, source))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("dequantize: source must be I8 with 136 elements, but is I8[256]");
            Tensor sum = fixture.zeros(DType.BF16, 256);
            assertThatThrownBy(() -> BlockQuantization.add(fixture.compute(), BlockFormat.INT8, List.of(), sum))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("dequantize_and_add: target must be F32, but is BF16[256]");
        }
    }
}
