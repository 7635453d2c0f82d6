package dev.braid.parallelism.pipeline.schedules;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.braid.parallelism.pipeline.Action;
import dev.braid.parallelism.pipeline.Action.Kind;
import dev.braid.parallelism.pipeline.Schedule;
import dev.braid.parallelism.pipeline.StageCosts;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class SchedulesTest {
    @ParameterizedTest
    @EnumSource(ScheduleName.class)
    void shouldRunEachPartOfEachStageOnceForEachMicrobatch(ScheduleName name) {
        forAll(name, (schedule, rank) -> {
            for (int stage : schedule.map().stagesOf(rank)) {
                List<Integer> passing = passing(schedule, rank, stage);
                assertThat(microbatches(schedule, rank, stage, Kind.F)).containsExactlyInAnyOrderElementsOf(passing);
                assertThat(backwards(schedule, rank, stage)).containsExactlyInAnyOrderElementsOf(passing);
                assertThat(microbatches(schedule, rank, stage, Kind.W))
                        .containsExactlyInAnyOrderElementsOf(microbatches(schedule, rank, stage, Kind.I));
            }
        });
    }

    @ParameterizedTest
    @EnumSource(ScheduleName.class)
    void shouldAddToWeightsInTheOrderOfMicrobatches(ScheduleName name) {
        forAll(name, (schedule, rank) -> {
            for (int stage : schedule.map().stagesOf(rank)) {
                List<Integer> adding = schedule.actions(rank).stream()
                        .filter(action ->
                                action.stage() == stage && action.kind().addsToWeights())
                        .map(Action::microbatch)
                        .toList();
                // Direction by direction: DualPipe has a sum of its own for each.
                assertThat(adding.stream().sorted().toList()).isEqualTo(passing(schedule, rank, stage));
                for (int direction = 0; direction < schedule.map().directions().size(); direction++) {
                    int wanted = direction;
                    assertThat(adding.stream()
                                    .filter(microbatch ->
                                            schedule.map().direction(microbatch, schedule.microbatches()) == wanted))
                            .isSorted();
                }
            }
        });
    }

    @Test
    void shouldSayWhichMicrobatchesWouldDo() {
        assertThatThrownBy(() -> Schedules.of(ScheduleName.DUALPIPE, 4, 9))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("dualpipe on 4 ranks is not defined for 9 micro-batches: 8 or 10 would do");
        assertThatThrownBy(() -> Schedules.of(ScheduleName.DUALPIPE_V, 4, 1))
                .hasMessage("dualpipe-v on 4 ranks is not defined for 1 micro-batch: 8 would do");
        assertThatThrownBy(() -> Schedules.of(ScheduleName.GPIPE, 1, 0))
                .hasMessage("gpipe on 1 rank is not defined for 0 micro-batches: 1 would do");
    }

    @Test
    void shouldSayWhichRanksWouldDo() {
        assertThatThrownBy(() -> Schedules.of(ScheduleName.DUALPIPE, 5, 20))
                .hasMessage("dualpipe needs an even number of ranks, and not 5: 4 or 6 would do");
        assertThatThrownBy(() -> Schedules.of(ScheduleName.DUALPIPE, 1, 20)).hasMessageEndingWith(": 2 would do");
        assertThatThrownBy(() -> Schedules.of(ScheduleName.GPIPE, 0, 1))
                .hasMessage("a pipeline has a rank at least, and not 0");
    }

    @Test
    void shouldSayEverythingThatIsWrongAtOnce() {
        assertThat(Schedules.faults(ScheduleName.ZB_V, ScheduleRequest.of(2, 0).withChunks(3)))
                .containsExactly(
                        "zb-v has 2 stages a rank, and not 3",
                        "zb-v on 2 ranks is not defined for 0 micro-batches: 1 would do");
    }

    @Test
    void shouldRefuseOtherNumbersOfStages() {
        assertThat(Schedules.faults(ScheduleName.ZB_H1, ScheduleRequest.of(2, 4).withChunks(2)))
                .containsExactly("zb-h1 has one stage a rank, and not 2");
        assertThat(Schedules.faults(
                        ScheduleName.INTERLEAVED, ScheduleRequest.of(2, 4).withChunks(1)))
                .containsExactly("interleaved has 2 stages a rank or more, and not 1");
        StageCosts threeStages = StageCosts.equal(3, 1, 1, 1, 1, 0);
        assertThat(Schedules.faults(ScheduleName.ZB_H1, ScheduleRequest.of(4, 4).withCosts(threeStages)))
                .containsExactly("there are costs of 3 stages for the 4 that zb-h1 has on 4 ranks");
    }

    @Test
    void shouldGroupMicrobatchesThatAreNoMultipleOfTheRanks() {
        // 11 micro-batches on 4 ranks: groups of 6 and 5.
        Schedule schedule = Schedules.of(ScheduleName.INTERLEAVED, 4, 11);
        List<Action> forwards = schedule.actions(3).stream()
                .filter(action -> action.kind() == Kind.F)
                .toList();
        assertThat(forwards)
                .hasToString("[3F0, 3F1, 3F2, 3F3, 3F4, 3F5, 7F0, 7F1, 7F2, 7F3, 7F4, 7F5, "
                        + "3F6, 3F7, 3F8, 3F9, 3F10, 7F6, 7F7, 7F8, 7F9, 7F10]");
    }

    @Test
    void shouldHaveAsManyChunksAsAskedFor() {
        Schedule schedule =
                Schedules.of(ScheduleName.INTERLEAVED, ScheduleRequest.of(2, 2).withChunks(3));
        assertThat(schedule.map().stagesOf(1)).containsExactly(1, 3, 5);
        assertThat(ScheduleNotation.of(schedule).rank(1)).isEqualTo("1F0 1F1 3F0 3F1 5F0 5B0 5F1 5B1 3B0 3B1 1B0 1B1");
    }

    @Test
    void shouldFindSchedulesByTheirLabels() {
        assertThat(ScheduleName.find("zb-h2")).contains(ScheduleName.ZB_H2);
        assertThat(ScheduleName.find("ZB_H2")).isEmpty();
        assertThat(ScheduleName.labels()).startsWith("gpipe", "1f1b", "interleaved", "zb-h1", "zb-h2");
    }

    /** What is to hold of a rank in a schedule. */
    private interface Property {
        void check(Schedule schedule, int rank);
    }

    private static void forAll(ScheduleName name, Property property) {
        for (int ranks = 1; ranks <= 9; ranks++) {
            for (int microbatches = 1; microbatches <= 21; microbatches++) {
                if (name.allows(ranks, microbatches)) {
                    Schedule schedule = Schedules.of(name, ranks, microbatches);
                    for (int rank = 0; rank < ranks; rank++) {
                        property.check(schedule, rank);
                    }
                }
            }
        }
    }

    private static List<Integer> passing(Schedule schedule, int rank, int stage) {
        return IntStream.range(0, schedule.microbatches())
                .filter(microbatch -> schedule.rank(stage, microbatch) == rank)
                .boxed()
                .toList();
    }

    private static List<Integer> microbatches(Schedule schedule, int rank, int stage, Kind kind) {
        return schedule.actions(rank).stream()
                .filter(action -> action.stage() == stage && action.kind() == kind)
                .map(Action::microbatch)
                .toList();
    }

    private static List<Integer> backwards(Schedule schedule, int rank, int stage) {
        return schedule.actions(rank).stream()
                .filter(action -> action.stage() == stage && action.kind().passesGradient())
                .map(Action::microbatch)
                .toList();
    }
}
