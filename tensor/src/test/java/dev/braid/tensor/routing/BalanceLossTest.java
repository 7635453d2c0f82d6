package dev.braid.tensor.routing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Balance losses on loads whose values a reader can work out. */
class BalanceLossTest {
    private static final BalanceLoss SWITCH = new SwitchLoss(false, false);
    private static final BalanceLoss CV = new CoefficientOfVariation();

    private static BalanceLoss.Load load(int tokens, double[][] sums, double[][] counts) {
        return new BalanceLoss.Load(tokens, 1, sums, counts, Optional.empty());
    }

    private static double[][] rows(double... row) {
        return new double[][] {row};
    }

    @Test
    void shouldBeOneWhereAllExpertsGetAsMuch() {
        assertThat(SWITCH.of(load(8, rows(2, 2, 2, 2), rows(2, 2, 2, 2))).value())
                .isEqualTo(1);
    }

    @Test
    void shouldBeTheNumberOfExpertsWhereOneGetsAll() {
        assertThat(SWITCH.of(load(8, rows(8, 0, 0, 0), rows(8, 0, 0, 0))).value())
                .isEqualTo(4);
    }

    @Test
    void shouldCountSharesOfSlotsWithSeveralExpertsAToken() {
        // Shares 3/8, 3/8, 2/8, 0; mean probabilities 0.4, 0.3, 0.2, 0.1; times 4.
        BalanceLoss.Load load =
                new BalanceLoss.Load(4, 2, rows(1.6, 1.2, 0.8, 0.4), rows(3, 3, 2, 0), Optional.empty());
        assertThat(SWITCH.of(load).value()).isCloseTo(4 * (0.375 * 0.7 + 0.25 * 0.2), within(1e-12));
    }

    @Test
    void shouldSeeWhatSequencesHideFromEachOther() {
        // Each of two sequences sends all of its tokens to one expert; together they are balanced.
        double[][] each = {{4, 0}, {0, 4}};
        assertThat(new SwitchLoss(true, false).of(load(4, each, each)).value()).isEqualTo(2);
        assertThat(SWITCH.of(load(8, rows(4, 4), rows(4, 4))).value()).isEqualTo(1);
    }

    @Test
    void shouldNotDependOnMicrobatchesWhereCountsAreOfTheGlobalBatch() {
        BalanceLoss global = new SwitchLoss(false, true);
        double[][] all = rows(5, 3);
        double whole = global.of(load(8, rows(4.75, 3.25), all)).value();
        // Cut into 2 and 6 tokens, each with its own probabilities and the counts of all, weighted by its share of the
        // tokens.
        double cut = 0.25 * global.of(load(2, rows(1.5, 0.5), all)).value()
                + 0.75 * global.of(load(6, rows(3.25, 2.75), all)).value();
        assertThat(cut).isCloseTo(whole, within(1e-12));
        // With counts of its own each part would look more out of balance.
        double own = 0.25 * SWITCH.of(load(2, rows(1.5, 0.5), rows(2, 0))).value()
                + 0.75 * SWITCH.of(load(6, rows(3.25, 2.75), rows(3, 3))).value();
        assertThat(own).isGreaterThan(whole + 0.05);
    }

    @Test
    void shouldBeZeroWithoutTokens() {
        for (BalanceLoss loss : new BalanceLoss[] {SWITCH, CV}) {
            BalanceLoss.Term term = loss.of(load(1, rows(0, 0), rows(0, 0)));
            assertThat(term.value()).isZero();
            assertThat(term.gradient()[0]).containsExactly(0, 0);
        }
    }

    @Test
    void shouldAddUpSquaredCoefficientsOfVariation() {
        // Importance 1, 3: variance 1, mean 2. Counts 4, 0: variance 4, mean 2.
        BalanceLoss.Term term = CV.of(load(4, rows(1, 3), rows(4, 0)));
        assertThat(term.value()).isCloseTo(0.25 + 1, within(1e-12));
        assertThat(term.smoothGradient()).isEmpty();
        assertThat(CV.of(load(4, rows(2, 2), rows(2, 2))).value()).isZero();
    }

    @Test
    void shouldTakeTheSmoothLoadWhereThereIsOne() {
        BalanceLoss.Load load = new BalanceLoss.Load(4, 1, rows(2, 2), rows(4, 0), Optional.of(rows(1, 3)));
        assertThat(CV.of(load).value()).isCloseTo(0.25, within(1e-12));
    }

    @Test
    void shouldDifferentiateByProbabilities() {
        double[][] sums = {{1.5, 0.25, 2.25}, {2, 1, 1}};
        double[][] counts = {{1, 0, 3}, {2, 2, 0}};
        for (BalanceLoss loss : new BalanceLoss[] {new SwitchLoss(true, false), CV}) {
            double[][] expected = PlainRouting.gradient(
                    sums, moved -> loss.of(load(4, moved, counts)).value());
            assertRows(loss.of(load(4, sums, counts)).gradient(), expected);
        }
    }

    @Test
    void shouldDifferentiateByTheSmoothLoad() {
        double[][] smooth = {{1.5, 0.25, 2.25}, {2, 1, 1}};
        double[][] sums = {{1, 2, 1}, {1.5, 1.5, 1}};
        double[][] expected = PlainRouting.gradient(
                smooth,
                moved -> CV.of(new BalanceLoss.Load(4, 1, sums, sums, Optional.of(moved)))
                        .value());
        BalanceLoss.Term term = CV.of(new BalanceLoss.Load(4, 1, sums, sums, Optional.of(smooth)));
        assertRows(term.smoothGradient().orElseThrow(), expected);
    }

    private static void assertRows(double[][] actual, double[][] expected) {
        for (int row = 0; row < expected.length; row++) {
            assertThat(actual[row]).containsExactly(expected[row], within(1e-8));
        }
    }
}
