package dev.braid.parallelism.pipeline.schedules;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.braid.parallelism.pipeline.Schedule;
import dev.braid.parallelism.pipeline.StageMap;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ScheduleTextTest {
    @Test
    void shouldPrintHeaderAndOrders() {
        assertThat(ScheduleText.print(Schedules.of(ScheduleName.ZB_H2, 2, 2))).isEqualTo("""
                name: zb-h2
                ranks: 2
                microbatches: 2
                placement: 0 1
                settles: no
                rank 0: 0F0 0F1 0I0 0W0 0I1 0W1
                rank 1: 1F0 1I0 1F1 1I1 1W0 1W1
                """);
    }

    @Test
    void shouldPrintBothDirectionsAndPairs() {
        assertThat(ScheduleText.print(Schedules.of(ScheduleName.DUALPIPE, 2, 4)))
                .isEqualTo("""
                name: dualpipe
                ranks: 2
                microbatches: 4
                placement: 0 1 / 1 0
                settles: yes
                rank 0: 0F0 1F2 0F1 1B2 (1F3;0B0) 1B3 0I1 0W1
                rank 1: 0F2 1F0 0F3 1B0 (1F1;0B2) 1B1 0I3 0W3
                """);
    }

    @ParameterizedTest
    @EnumSource(ScheduleName.class)
    void shouldReadWhatItPrints(ScheduleName name) {
        Schedule schedule = Schedules.of(name, 4, 8);
        assertThat(ScheduleText.parse(ScheduleText.print(schedule))).isEqualTo(schedule);
    }

    @Test
    void shouldReadAScheduleOfOnesOwn() {
        Schedule schedule = ScheduleText.parse("""
                # The second stage on both ranks' far side.
                name:  mine   # any name
                rank 1: 0F0 0B0

                rank 0: 1F0 1B0
                placement: 1 0
                settles: yes
                microbatches: 1
                ranks: 2
                """);
        assertThat(schedule.name()).isEqualTo("mine");
        assertThat(schedule.map().rank(0, 1)).isZero();
        assertThat(schedule.actions(0)).hasToString("[1F0, 1B0]");
    }

    @Test
    void shouldNameEveryFaultOfTheOrdersAtOnce() {
        assertThatThrownBy(() -> ScheduleText.parse("""
                        name: mine
                        ranks: 2
                        microbatches: 2
                        placement: 0 1
                        settles: yes
                        rank 0: 0F0 F1 2B0 0B7
                        rank 1: 1F0 (1B0;1F1) (1F1;1X0) 1W
                        rank 2: 1F0
                        """))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("""
                        line 6, column 13: an action is stage, F, I, W or B, and micro-batch, as 3F1, a pair is (7F0;0B3), \
                        and neither is 'F1'
                        line 6, column 16: stages are 0 to 1, and '2B0' names 2
                        line 6, column 20: micro-batches are 0 to 1, and '0B7' names 7
                        line 7, column 13: a pair is F and then I or B, as (7F0;0B3), and not '(1B0;1F1)'
                        line 7, column 28: an action is stage, F, I, W or B, and micro-batch, as 3F1, a pair is (7F0;0B3), \
                        and neither is '1X0'
                        line 7, column 33: an action is stage, F, I, W or B, and micro-batch, as 3F1, a pair is (7F0;0B3), \
                        and neither is '1W'
                        line 8, column 8: there is no rank 2 of 2""");
    }

    @Test
    void shouldNameEveryFaultOfTheHeaderAtOnce() {
        assertThatThrownBy(() -> ScheduleText.parse("""
                        name: a b
                        ranks: 2
                        ranks: 3
                        microbatch: 2
                        microbatches: 0
                        placement: 0 x
                        settles: maybe
                        0F0
                        rank 0: 0F0
                        """)).hasMessage("""
                        line 3, column 1: a second line 'ranks'
                        line 4, column 1: 'microbatch' is none of name, ranks, microbatches, placement, settles and 'rank N'
                        line 8, column 1: a line is 'key: value' or 'rank N: actions', and not '0F0'
                        line 1, column 6: name is a name, and not 'a b'
                        line 5, column 15: microbatches is a number from 1, and not '0'
                        line 7, column 10: settles is yes or no, and not 'maybe'
                        line 6, column 14: ranks are 0 to 1, with / between directions, and not 'x'
                        there is no line 'rank N: ...' for N = 1""");
        assertThatThrownBy(() -> ScheduleText.parse(""))
                .hasMessageContainingAll(
                        "no line 'name: ...'",
                        "no line 'ranks: ...'",
                        "no line 'placement: ...'",
                        "no line 'settles: ...'");
    }

    @Test
    void shouldRefusePlacementsThatLeaveSomethingOut() {
        assertThatThrownBy(() -> ScheduleText.parse(header("0 2", 1)))
                .hasMessageContaining("line 4, column 11: there is no stage on rank 1");
        assertThatThrownBy(() -> ScheduleText.parse(header("0 1 2 / 2 1", 2)))
                .hasMessageContaining("line 4, column 11: placement has the same number of stages in each direction");
        assertThatThrownBy(() -> ScheduleText.parse(header("0 1 2 / 2 1 0", 3)))
                .hasMessageContaining("3 micro-batches can't be divided over 2 directions");
    }

    @Test
    void shouldRefusePlacementsWhoseGradientsCannotBeSummed() {
        assertThatThrownBy(() -> ScheduleText.parse(header("0 1 2 / 0 2 1", 2)))
                .hasMessageContaining("line 4, column 11: stage 0 is on the ranks [0] of the pipeline for 2 directions,"
                        + " whose gradients add up apart; give each direction a rank of its own");
        assertThatThrownBy(() -> ScheduleText.parse(header("0 1 2 / 1 2 0 / 2 0 1", 3)))
                .hasMessageContaining("line 4, column 11: stage 0 is on the ranks [0, 1, 2] of the pipeline; at most"
                        + " two may hold the same stage");
    }

    @Test
    void shouldFindTheFirstDifferenceOfEachRank() {
        Schedule one = Schedules.of(ScheduleName.ZB_H1, 3, 4);
        Schedule other = Schedules.of(ScheduleName.ZB_H2, 3, 4);
        assertThat(ScheduleDifference.between(one, one)).isEmpty();
        assertThat(ScheduleDifference.between(one, other))
                .containsExactly(
                        "settles: true | false",
                        "rank 0, place 4: 0I0 | 0F3",
                        "rank 1, place 3: 1I0 | 1F2",
                        "rank 2, place 7: 2W0 | 2F3");
        assertThat(ScheduleDifference.between(one, Schedules.of(ScheduleName.ZB_H1, 2, 4)))
                .contains("ranks: 3 | 2", "placement: [[0, 1, 2]] | [[0, 1]]");
    }

    @Test
    void shouldFindAnOrderThatEndsEarly() {
        Schedule whole = ScheduleText.parse("""
                name: a
                ranks: 1
                microbatches: 1
                placement: 0
                settles: yes
                rank 0: 0F0 0B0
                """);
        Schedule cut = new Schedule(
                "b", StageMap.linear(1), 1, List.of(whole.ranks().get(0).subList(0, 1)), true);
        assertThat(ScheduleDifference.between(whole, cut)).containsExactly("rank 0, place 2: 0B0 | the end");
    }

    /** Whatever a file holds, it is a schedule or told to be none; the seed is the repetition. */
    @RepeatedTest(300)
    void shouldReadOrRefuseAnyText(RepetitionInfo repetition) {
        SplittableRandom random = new SplittableRandom(repetition.getCurrentRepetition());
        StringBuilder text = new StringBuilder(ScheduleText.print(Schedules.of(ScheduleName.DUALPIPE, 2, 4)));
        for (int changes = random.nextInt(1, 4); changes > 0; changes--) {
            int at = random.nextInt(text.length());
            String inserted = "0123456789FIWB();:/ #\nrx".charAt(random.nextInt(24)) + "";
            text.replace(at, Math.min(text.length(), at + random.nextInt(3)), inserted);
        }
        try {
            Schedule schedule = ScheduleText.parse(text.toString());
            assertThat(ScheduleText.parse(ScheduleText.print(schedule))).isEqualTo(schedule);
        } catch (IllegalArgumentException refused) {
            assertThat(refused)
                    .hasMessageMatching("(?s)(line \\d+, column \\d+: |there is no line|\\d+ micro-batches can't).*");
        }
    }

    private static String header(String placement, int microbatches) {
        return """
                name: mine
                ranks: 3
                microbatches: %d
                placement: %s
                settles: yes
                """.formatted(microbatches, placement);
    }
}
