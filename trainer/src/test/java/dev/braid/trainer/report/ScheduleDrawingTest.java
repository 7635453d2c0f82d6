package dev.braid.trainer.report;

import static org.assertj.core.api.Assertions.assertThat;

import dev.braid.parallelism.pipeline.Overlap;
import dev.braid.parallelism.pipeline.Schedule;
import dev.braid.parallelism.pipeline.Simulation;
import dev.braid.parallelism.pipeline.Simulator;
import dev.braid.parallelism.pipeline.StageCosts;
import dev.braid.parallelism.pipeline.schedules.ScheduleName;
import dev.braid.parallelism.pipeline.schedules.Schedules;
import org.junit.jupiter.api.Test;

final class ScheduleDrawingTest {
    private static String draw(ScheduleName name, int ranks, int microbatches, int columns) {
        Schedule schedule = Schedules.of(name, ranks, microbatches);
        int stages = schedule.map().stages();
        Simulation simulation =
                Simulator.run(schedule, StageCosts.equal(stages, stages / ranks, 1, 1, 1, 0), Overlap.TOGETHER);
        return ScheduleDrawing.of(schedule, simulation.ranks(), columns);
    }

    /** A forward of one unit is three columns, a backward of two is six. */
    @Test
    void shouldDrawEachActionWithItsNameAndItsLength() {
        assertThat(draw(ScheduleName.ONE_F_ONE_B, 2, 3, 80)).isEqualTo("""
                       0                                 12
                rank 0 F0-F1-......B0====F2-B1====...B2====
                rank 1 ...F0-B0====F1-B1====F2-B2====
                F- forward  I= gradient of the input  W~ gradient of the weights  B= both  . idle
                """);
    }

    @Test
    void shouldNameOnlyTheKindWhereThereIsNoRoom() {
        assertThat(draw(ScheduleName.ONE_F_ONE_B, 2, 3, 40)).startsWith("""
                       0                     12
                rank 0 F-F-....B===F-B===..B===
                rank 1 ..F-B===F-B===F-B===
                """);
    }

    @Test
    void shouldDrawWithinTheColumnsWhereNotEvenAKindHasRoom() {
        assertThat(draw(ScheduleName.ONE_F_ONE_B, 2, 64, 60).lines().limit(3))
                .allSatisfy(line -> assertThat(line).hasSizeLessThanOrEqualTo(60));
    }

    /** Small letters are for the micro-batches that come from rank 1. */
    @Test
    void shouldDrawAPairAsOneAndTellDirectionsApart() {
        assertThat(draw(ScheduleName.DUALPIPE, 2, 4, 80)).isEqualTo("""
                       0                                             12
                rank 0 F0>-F0<-F1>-B0<=====F1<&B0>#####B1<=====I1>=W1>~
                rank 1 F0<-F0>-F1<-B0>=====F1>&B0<#####B1>=====I1<=W1<~
                F- forward  I= gradient of the input  W~ gradient of the weights  B= both  # two that overlap  . idle
                """);
        assertThat(draw(ScheduleName.DUALPIPE, 2, 4, 50))
                .contains("rank 0 F0-f2-F1-b2====f3&B0####b3====I1=W1~\n")
                .endsWith("  small letters: from the other end\n");
    }
}
