package dev.braid.tensor.ops;

import static dev.braid.tensor.ops.Fixture.doubles;
import static org.assertj.core.api.Assertions.assertThat;

import dev.braid.tensor.DType;
import dev.braid.tensor.Tensor;
import java.util.Arrays;
import org.assertj.core.data.Percentage;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

@Tag("widths")
final class SquaredNormTest {
    @ParameterizedTest
    @MethodSource("dev.braid.tensor.ops.Fixture#kernels")
    void shouldAddSquaresInF64(String kernels) {
        try (Fixture fixture = new Fixture(kernels)) {
            for (int count : new int[] {0, 1, 15, 33, 257, 4095, 4096, 4097, 20_000}) {
                Tensor tensor = fixture.random(DType.F32, count);
                double expected = Arrays.stream(doubles(tensor))
                        .map(value -> value * value)
                        .sum();
                assertThat(SquaredNorm.of(fixture.compute(), tensor))
                        .isCloseTo(expected, Percentage.withPercentage(1e-11));
            }
        }
    }

    @ParameterizedTest
    @MethodSource("dev.braid.tensor.ops.Fixture#kernels")
    void shouldGiveTheSameBlocksForAnyCutBetweenBlocks(String kernels) {
        try (Fixture fixture = new Fixture(kernels)) {
            Tensor tensor = fixture.random(DType.F32, 100, 137);
            double[] whole = SquaredNorm.blockSums(fixture.compute(), tensor, 0, 13_700);
            double[] first = SquaredNorm.blockSums(fixture.compute(), tensor, 0, 2 * SquaredNorm.BLOCK);
            double[] rest = SquaredNorm.blockSums(fixture.compute(), tensor, 2 * SquaredNorm.BLOCK, 13_700 - 8192);
            assertThat(whole).hasSize(4).startsWith(first).endsWith(rest);
            assertThat(SquaredNorm.of(fixture.compute(), tensor))
                    .isEqualTo(((whole[0] + whole[1]) + whole[2]) + whole[3]);
            assertThat(SquaredNorm.of(fixture.compute(), tensor, 8192, 13_700 - 8192))
                    .isEqualTo(rest[0] + rest[1]);
        }
    }

    @ParameterizedTest
    @MethodSource("dev.braid.tensor.ops.Fixture#kernels")
    void shouldShowWhatIsNotFinite(String kernels) {
        try (Fixture fixture = new Fixture(kernels)) {
            Tensor tensor = fixture.random(DType.F32, 5000);
            tensor.set(4999, Float.NaN);
            assertThat(SquaredNorm.of(fixture.compute(), tensor)).isNaN();
            tensor.set(4999, Float.NEGATIVE_INFINITY);
            assertThat(SquaredNorm.of(fixture.compute(), tensor)).isInfinite();
        }
    }
}
