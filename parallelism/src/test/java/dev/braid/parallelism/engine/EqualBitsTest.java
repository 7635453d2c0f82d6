package dev.braid.parallelism.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.braid.parallelism.Algorithm;
import dev.braid.parallelism.transport.simulated.Delays;
import dev.braid.parallelism.transport.simulated.FrameFaults;
import dev.braid.parallelism.transport.simulated.NetworkFaults;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** However late, out of order or often frames come: results have the bits of a plain loop in the declared order of sums. */
class EqualBitsTest {
    private static final NetworkFaults WILD = NetworkFaults.none()
            .with(new Delays(5_000, 100_000, 0.1, 5_000_000))
            .with(new FrameFaults(0.7, 0.1, 0, 0, 0));

    @ParameterizedTest
    @EnumSource(
            value = Algorithm.class,
            names = {"AUTO", "DIRECT", "GATHER_ADD", "RING", "RECURSIVE_DOUBLING", "HIERARCHICAL"})
    void shouldGiveEqualBitsInAHundredRuns(Algorithm algorithm) {
        try (Laboratory laboratory = new Laboratory()) {
            Program program = ProgramGenerator.draw(5, ProgramGenerator.Size.MEDIUM, 4, algorithm);
            for (long seed = 0; seed < 100; seed++) {
                Outcome outcome = laboratory.run(seed, program, WILD);

                assertThat(outcome.problems()).as(outcome::describe).isEmpty();
                assertThat(outcome.ranks()).allMatch(rank -> rank.state() == ScenarioRank.State.WELL);
            }
        }
    }
}
