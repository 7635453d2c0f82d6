package dev.braid.parallelism.pipeline.schedules;

import static org.assertj.core.api.Assertions.assertThat;

import dev.braid.parallelism.pipeline.Action;
import dev.braid.parallelism.pipeline.Action.Kind;
import dev.braid.parallelism.pipeline.Schedule;
import dev.braid.parallelism.pipeline.Slot;
import dev.braid.parallelism.pipeline.StageMap;
import java.util.List;
import org.junit.jupiter.api.Test;

class ScheduleNotationTest {
    @Test
    void shouldLeaveTheStageOutWhereARankHasOne() {
        Schedule schedule = Schedules.of(ScheduleName.ZB_H1, 4, 8);
        assertThat(ScheduleNotation.of(schedule).rank(2))
                .isEqualTo("F0 F1 I0 F2 I1 F3 I2 W0 F4 I3 W1 F5 I4 W2 F6 I5 W3 F7 I6 W4 I7 W5 W6 W7");
        assertThat(schedule.ranks().get(2).getFirst()).hasToString("2F0");
    }

    @Test
    void shouldNameTheStageWhereARankHasSeveral() {
        Schedule schedule = Schedules.of(ScheduleName.INTERLEAVED, 2, 2);
        assertThat(ScheduleNotation.of(schedule).ranks())
                .containsExactly("0F0 0F1 2F0 2F1 2B0 2B1 0B0 0B1", "1F0 1F1 3F0 3B0 3F1 3B1 1B0 1B1");
    }

    @Test
    void shouldCountMicrobatchesByDirection() {
        Schedule schedule = Schedules.of(ScheduleName.DUALPIPE, 4, 8);
        ScheduleNotation notation = ScheduleNotation.of(schedule);
        assertThat(notation.rank(3))
                .isEqualTo("F0< F1< F2< F0> I0> W0> F1> (F3<&B1>) (F2>&B0<) B2> (F3>&B1<) B3> I2< W2< I3< W3<");
        assertThat(schedule.ranks().get(3).getFirst()).hasToString("0F4");
        assertThat(notation.slot(schedule.ranks().get(3).get(7))).isEqualTo("(F3<&B1>)");
        assertThat(schedule.ranks().get(3).get(7)).hasToString("(0F7;3B1)");
    }

    @Test
    void shouldSayDownAndUpWherePairsOverlapOnAV() {
        Schedule overlapped = Schedules.of(ScheduleName.DUALPIPE_V, 2, 4);
        assertThat(ScheduleNotation.of(overlapped).rank(1)).startsWith("F0a F0b F1a F1b F2a B0b (F2b&B0a)");
        Schedule single = Schedules.of(ScheduleName.ZB_V, 2, 4);
        assertThat(ScheduleNotation.of(single).rank(1)).startsWith("1F0 2F0 1F1 2F1 2I0 2W0");
    }

    @Test
    void shouldWriteAnUnknownPlacementWithStages() {
        StageMap map = new StageMap(List.of(List.of(1, 0)));
        Schedule schedule = new Schedule("swapped", map, 1, List.of(slots(1), slots(0)), true);
        assertThat(ScheduleNotation.of(schedule).ranks()).containsExactly("1F0 1B0", "0F0 0B0");
    }

    private static List<Slot> slots(int stage) {
        return List.of(Slot.of(new Action(Kind.F, stage, 0)), Slot.of(new Action(Kind.B, stage, 0)));
    }
}
