package dev.braid.parallelism.pipeline.schedules;

import static org.assertj.core.api.Assertions.assertThat;

import dev.braid.parallelism.pipeline.Overlap;
import dev.braid.parallelism.pipeline.Simulation;
import dev.braid.parallelism.pipeline.Simulator;
import dev.braid.parallelism.pipeline.StageCosts;
import java.util.Collections;
import java.util.SplittableRandom;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;

/**
 * Bubbles and peaks that can be had by formula (Narayanan et al. 2021, Qi et al. 2023, DeepSeek-V3), against the simulated schedule,
 * for random whole numbers of ranks p, micro-batches m and times F, I and W, with W the shortest. The seed is the repetition.
 */
class ClosedFormsTest {
    private static final int REPETITIONS = 200;

    private int p;
    private int m;
    private int forward;
    private int input;
    private int weight;
    private int held;
    private int kept;

    @BeforeEach
    void draw(RepetitionInfo repetition) {
        SplittableRandom random = new SplittableRandom(repetition.getCurrentRepetition());
        p = random.nextInt(1, 17);
        m = random.nextInt(1, 65);
        forward = random.nextInt(1, 100);
        input = random.nextInt(1, 100);
        weight = random.nextInt(1, 1 + Math.min(forward, input));
        held = random.nextInt(1, 100);
        kept = random.nextInt(0, 1 + held);
    }

    @RepeatedTest(REPETITIONS)
    void shouldWaitForTheOtherRanksOnceInOneForwardOneBackward() {
        int bubble = (p - 1) * (forward + input + weight);
        Simulation gpipe = simulation(ScheduleName.GPIPE, m, 1);
        Simulation oneFOneB = simulation(ScheduleName.ONE_F_ONE_B, m, 1);
        assertThat(gpipe.makespan()).isEqualTo(work(m) + bubble);
        assertThat(oneFOneB.makespan()).isEqualTo(work(m) + bubble);
        for (int rank = 0; rank < p; rank++) {
            assertThat(gpipe.peak(rank)).isEqualTo(m * held);
            assertThat(oneFOneB.peak(rank)).isEqualTo(Math.min(m, p - rank) * held);
        }
    }

    @RepeatedTest(REPETITIONS)
    void shouldDivideThatWaitByTheStagesOfARank() {
        int v = 2 + m % 3;
        int rounds = 1 + m % 5;
        Simulation simulation = simulation(ScheduleName.INTERLEAVED, rounds * p, v);
        // Times are here those of one of v stages.
        assertThat(simulation.makespan()).isEqualTo(v * work(rounds * p) + (p - 1) * (forward + input + weight));
        int chunks = rounds == 1 ? p * v : p * v + p - 1;
        assertThat(simulation.peak(0)).isEqualTo(Math.min(chunks, rounds * p * v) * held);
    }

    @RepeatedTest(REPETITIONS)
    void shouldFillAPartOfTheWaitWithWeightGradients() {
        int microbatches = m + p - 1;
        Simulation h1 = simulation(ScheduleName.ZB_H1, microbatches, 1);
        assertThat(h1.makespan()).isEqualTo(work(microbatches) + (p - 1) * (forward + input - weight));
        for (int rank = 0; rank < p; rank++) {
            assertThat(h1.peak(rank)).isEqualTo((p - rank) * held + rank * kept);
        }
    }

    @RepeatedTest(REPETITIONS)
    void shouldFillTwiceAsMuchInTwiceTheMemory() {
        int microbatches = m + 2 * p - 1;
        Simulation h2 = simulation(ScheduleName.ZB_H2, microbatches, 1);
        int bubble = (p - 1) * (forward + input - 2 * weight);
        assertThat(h2.span()).isEqualTo(work(microbatches) + Math.max(0, bubble));
        for (int rank = 0; rank < p; rank++) {
            assertThat(h2.peak(rank)).isEqualTo((2 * p - 2 * rank - 1) * held + 2 * rank * kept);
        }
    }

    @RepeatedTest(REPETITIONS)
    void shouldHaveNoBubbleOnAVWhereAllTakeTheSameTime() {
        input = forward;
        weight = forward;
        kept = held;
        int microbatches = m + 2 * p - 2;
        Simulation simulation = simulation(ScheduleName.ZB_V, microbatches, 2);
        assertThat(simulation.span()).isEqualTo(2 * work(microbatches));
        for (int rank = 0; rank < p; rank++) {
            assertThat(simulation.peak(rank)).isEqualTo(2 * p * held);
        }
    }

    /** DeepSeek's formula, in which a backward is I and W together and an overlapped pair takes a forward and a backward. */
    @RepeatedTest(REPETITIONS)
    void shouldWaitForHalfTheRanksInDualPipe() {
        p += p % 2;
        input = forward;
        weight = m % 2 == 0 || forward % 2 == 1 ? forward : forward / 2;
        kept = held;
        int microbatches = 2 * (p + m % 7);
        int pair = forward + input + weight;
        int bubble = (p / 2 - 1) * (pair + input + weight - 3 * weight);
        Simulation simulation = simulation(ScheduleName.DUALPIPE, microbatches, 1);
        assertThat(simulation.makespan()).isEqualTo(work(microbatches) + bubble);
        assertThat(simulation.peak(0)).isEqualTo((p + 1) * held);
    }

    /** The same on a V: each rank does what two do in DualPipe. */
    @RepeatedTest(REPETITIONS)
    void shouldWaitForAllButOneRankInDualPipeV() {
        input = forward;
        weight = m % 2 == 0 || forward % 2 == 1 ? forward : forward / 2;
        kept = held;
        int microbatches = 2 * p + m % 7;
        int pair = forward + input + weight;
        int bubble = (p - 1) * (pair + input + weight - 3 * weight);
        Simulation simulation = simulation(ScheduleName.DUALPIPE_V, microbatches, 2);
        assertThat(simulation.makespan()).isEqualTo(2 * work(microbatches) + bubble);
        assertThat(simulation.peak(0)).isEqualTo((2 * p + 1) * held);
    }

    private int work(int microbatches) {
        return microbatches * (forward + input + weight);
    }

    private Simulation simulation(ScheduleName name, int microbatches, int chunks) {
        StageCosts.Stage stage = new StageCosts.Stage(forward, input, weight, held, kept);
        StageCosts costs = new StageCosts(Collections.nCopies(p * chunks, stage), 0);
        ScheduleRequest request =
                ScheduleRequest.of(p, microbatches).withChunks(chunks).withCosts(costs);
        return Simulator.run(Schedules.of(name, request), costs, Overlap.TOGETHER);
    }
}
