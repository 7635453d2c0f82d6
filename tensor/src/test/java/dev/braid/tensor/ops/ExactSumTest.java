package dev.braid.tensor.ops;

import static org.assertj.core.api.Assertions.assertThat;

import java.math.BigDecimal;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Sums that have no order. */
class ExactSumTest {
    @Test
    void shouldKeepWhatOrdinarySumsLose() {
        ExactSum sum = new ExactSum();
        sum.addAll(new double[] {1e100, 1, -1e100, 0x1p-1074});
        assertThat(1e100 + 1 - 1e100).isEqualTo(0);
        assertThat(sum.value()).isEqualTo(1);
    }

    @Test
    void shouldRoundOnceToNearestEven() {
        ExactSum tie = new ExactSum();
        tie.addAll(new double[] {1, 0x1p-53});
        assertThat(tie.value()).isEqualTo(1);
        tie.add(0x1p-1000);
        assertThat(tie.value()).isEqualTo(1 + 0x1p-52);
    }

    @Test
    void shouldHoldTheSmallestAndTheLargestNumbers() {
        ExactSum sum = new ExactSum();
        sum.addAll(new double[] {Double.MAX_VALUE, Double.MIN_VALUE, -Double.MAX_VALUE});
        assertThat(sum.value()).isEqualTo(Double.MIN_VALUE);
        sum.add(-3 * Double.MIN_VALUE);
        assertThat(sum.value()).isEqualTo(-2 * Double.MIN_VALUE);
    }

    @Test
    void shouldAgreeWithDecimalArithmeticWhateverTheOrderAndTheParts() {
        Random random = new Random(3);
        BigDecimal exact = BigDecimal.ZERO;
        ExactSum forward = new ExactSum();
        ExactSum[] parts = {new ExactSum(), new ExactSum(), new ExactSum()};
        for (int i = 0; i < 3000; i++) {
            double value = random.nextGaussian() * Math.pow(10, random.nextInt(-40, 40));
            exact = exact.add(new BigDecimal(value));
            forward.add(value);
            parts[random.nextInt(3)].add(value);
        }
        int[] combined = new int[ExactSum.INTS];
        for (ExactSum part : parts) {
            int[] ints = part.toInts();
            for (int i = 0; i < combined.length; i++) {
                combined[i] += ints[i];
            }
        }
        assertThat(forward.value()).isEqualTo(exact.doubleValue());
        assertThat(ExactSum.fromInts(combined).value()).isEqualTo(exact.doubleValue());
    }

    @Test
    void shouldBeNotANumberOnceANumberIsNotFinite() {
        ExactSum sum = new ExactSum();
        sum.add(1);
        sum.add(Double.POSITIVE_INFINITY);
        assertThat(sum.value()).isNaN();
        assertThat(ExactSum.fromInts(sum.toInts()).value()).isNaN();
    }
}
