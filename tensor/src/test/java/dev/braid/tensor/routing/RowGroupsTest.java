package dev.braid.tensor.routing;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** Where the runs of experts lie. */
class RowGroupsTest {
    @Test
    void shouldBeginEachRunAtAMultipleOfSixteenRows() {
        RowGroups groups = RowGroups.of(new int[] {17, 0, 3, 16});
        assertThat(groups.first()).containsExactly(0, 32, 32, 48, 64);
        assertThat(groups.height(0)).isEqualTo(32);
        assertThat(groups.height(1)).isZero();
        assertThat(groups.height(2)).isEqualTo(16);
        assertThat(groups.rows()).isEqualTo(64);
        assertThat(groups.occupied()).isEqualTo(36);
    }

    @Test
    void shouldHaveNoRowsWhereNoExpertHasATokenAndNoneWithoutExperts() {
        assertThat(RowGroups.of(new int[] {0, 0}).rows()).isZero();
        assertThat(RowGroups.of(new int[0]).rows()).isZero();
    }

    @Test
    void shouldDivideSlotsAsEvenlyAsCanBeForARehearsal() {
        assertThat(RowGroups.even(3, 8).counts()).containsExactly(3, 3, 2);
        assertThat(RowGroups.even(3, 2).counts()).containsExactly(1, 1, 0);
    }

    @Test
    void shouldEqualOthersWithTheSameCounts() {
        assertThat(RowGroups.of(new int[] {4, 4})).isEqualTo(RowGroups.even(2, 8));
        assertThat(RowGroups.of(new int[] {4, 4})).isNotEqualTo(RowGroups.of(new int[] {5, 3}));
    }

    /** What is given may be changed afterwards. */
    @Test
    void shouldKeepItsOwnCounts() {
        int[] counts = {1, 2};
        RowGroups groups = RowGroups.of(counts);
        counts[0] = 100;
        assertThat(groups.counts()).containsExactly(1, 2);
    }
}
