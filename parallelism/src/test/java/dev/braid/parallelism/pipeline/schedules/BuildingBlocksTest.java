package dev.braid.parallelism.pipeline.schedules;

import static org.assertj.core.api.Assertions.assertThat;

import dev.braid.parallelism.pipeline.Overlap;
import dev.braid.parallelism.pipeline.Schedule;
import dev.braid.parallelism.pipeline.Simulation;
import dev.braid.parallelism.pipeline.Simulator;
import dev.braid.parallelism.pipeline.StageCosts;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** V-Half and V-Min. */
class BuildingBlocksTest {
    /**
     * Times and memory of one when F, I and W of a whole stage, two chunks, take a time of 1 each: what the authors' program gives
     * for arXiv 2405.15362. The work of a rank is 3m.
     */
    @ParameterizedTest
    @CsvSource(useHeadersInDisplayName = true, textBlock = """
                    name,   p, m,  makespan, peak
                    v-half, 4, 8,  26.5,     3
                    v-half, 6, 18, 59.5,     4
                    v-half, 8, 24, 80.5,     5
                    v-min,  4, 8,  29.5,     2
                    v-min,  6, 18, 62.5,     3
                    v-min,  8, 24, 85.5,     4
                    """)
    void shouldGiveTheMakespanAndPeakOfItsAuthors(String name, int p, int m, double makespan, double peak) {
        Schedule schedule = Schedules.of(ScheduleName.find(name).orElseThrow(), p, m);
        Simulation simulation = Simulator.run(schedule, StageCosts.equal(2 * p, 2, 1, 1, 1, 0), Overlap.TOGETHER);
        double most = IntStream.range(0, p).mapToDouble(simulation::peak).max().orElseThrow();
        assertThat(most).isEqualTo(peak);
        assertThat(simulation.makespan()).isEqualTo(makespan);
        assertThat(simulation.span()).isEqualTo(makespan);
    }
}
