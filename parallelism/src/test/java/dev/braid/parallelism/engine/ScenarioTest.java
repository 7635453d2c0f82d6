package dev.braid.parallelism.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.braid.parallelism.transport.simulated.FaultScope;
import dev.braid.parallelism.transport.simulated.NetworkFaults;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * Thousands of drawn programs on a network that delays, reorders, doubles, loses, damages, parts, stops and kills. What must
 * hold for each is said in {@link Outcome}. {@code -Dbraid.seed=N} runs the one of a seed and prints it.
 */
class ScenarioTest {
    private static final int SCENARIOS = 10_000;

    /** Frames and nanoseconds of a usual program, so that faults hit all of it. */
    private static final int STEPS = 400;

    private static final long NANOS = 5_000_000;

    private static Laboratory laboratory;

    @BeforeAll
    static void open() {
        laboratory = new Laboratory();
    }

    @AfterAll
    static void close() {
        laboratory.close();
    }

    @Test
    void shouldEndRightOrWithAnErrorEverywhere() {
        boolean replay = System.getProperty("braid.seed") != null;
        LongStream seeds = replay ? LongStream.of(Long.getLong("braid.seed")) : LongStream.range(0, SCENARIOS);
        seeds.forEach(seed -> {
            Outcome outcome = run(seed);
            if (replay) {
                System.out.println(outcome.describe());
            }
            assertThat(outcome.problems()).as(outcome::describe).isEmpty();
        });
    }

    @Test
    void shouldRepeatAScenarioFromItsSeed() {
        for (long seed = 0; seed < 50; seed++) {
            run(seed);
            long digest = laboratory.trace.digest();
            run(seed);
            assertThat(laboratory.trace.digest()).as("seed %d", seed).isEqualTo(digest);
        }
    }

    private static Outcome run(long seed) {
        Program program = ProgramGenerator.draw(seed);
        FaultScope scope = new FaultScope(program.ranks(), STEPS, NANOS, Scenario.DEADLINE.toNanos());
        return laboratory.run(seed, program, NetworkFaults.random(seed, scope));
    }
}
