package dev.braid.parallelism.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.braid.parallelism.Algorithm;
import dev.braid.parallelism.transport.simulated.NetworkFaults;
import dev.braid.parallelism.transport.simulated.ScheduledFault;
import dev.braid.parallelism.transport.simulated.ScheduledFault.Kill;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Each rank of a program dies at each frame that is taken or delivered, from the first hello to the last farewell. */
class KillAtEveryStepTest {
    private static final int PROGRAMS = 2;

    @ParameterizedTest
    @EnumSource(
            value = Algorithm.class,
            names = {"DIRECT", "GATHER_ADD", "RING", "RECURSIVE_DOUBLING", "HIERARCHICAL"})
    void shouldNameTheDeadRankEverywhereWithinTheDeadline(Algorithm algorithm) {
        try (Laboratory laboratory = new Laboratory()) {
            int programs = 0;
            for (long seed = 0; programs < PROGRAMS; seed++) {
                Program program = ProgramGenerator.draw(seed, ProgramGenerator.Size.SMALL, 3 + programs, algorithm);
                long steps = laboratory.run(seed, program, NetworkFaults.none()).steps();
                if (program.algorithm() == algorithm && steps > 100 && steps < 250) {
                    programs++;
                    killEverywhere(laboratory, seed, program, steps);
                }
            }
        }
    }

    private static void killEverywhere(Laboratory laboratory, long seed, Program program, long steps) {
        long failures = 0;
        for (int rank = 0; rank < program.ranks(); rank++) {
            for (long step = 1; step <= steps; step++) {
                NetworkFaults faults = NetworkFaults.none().with(death(rank, step));
                Outcome outcome = laboratory.run(seed, program, faults);
                assertThat(outcome.problems()).as(outcome::describe).isEmpty();
                failures += outcome.failed().isEmpty() ? 0 : 1;
            }
        }
        // Not in the farewells, where a rank that dies has done all that others needed.
        assertThat(failures).isGreaterThan(steps * program.ranks() / 2);
    }

    /** By turns: without a sign, and with an end of its channels, by which frames get lost. */
    private static Kill death(int rank, long step) {
        return step % 2 == 0 ? Kill.atStep(rank, step) : new Kill(rank, step, ScheduledFault.NEVER, 0.5, 100_000);
    }

    @Test
    void shouldFailOnAllOthersWhenARankDiesBeforeItsFirstHello() {
        try (Laboratory laboratory = new Laboratory()) {
            Program program = ProgramGenerator.draw(1, ProgramGenerator.Size.SMALL, 4, Algorithm.DIRECT);
            Outcome outcome = laboratory.run(1, program, NetworkFaults.none().with(Kill.atTime(2, 0)));

            assertThat(outcome.problems()).as(outcome::describe).isEmpty();
            assertThat(outcome.failed()).containsExactly(0, 1, 3);
        }
    }
}
