package dev.braid.parallelism.transport.simulated;

import static org.assertj.core.api.Assertions.assertThat;

import dev.braid.parallelism.transport.simulated.ScheduledFault.Kill;
import dev.braid.parallelism.transport.simulated.ScheduledFault.Stop;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class FaultGeneratorTest {
    private static final long DEADLINE = 1_000_000_000;
    private static final FaultScope SCOPE = new FaultScope(4, 1000, 1_000_000, DEADLINE);

    @Test
    void shouldDrawTheSameFaultsFromTheSameSeed() {
        assertThat(NetworkFaults.random(5, SCOPE)).isEqualTo(NetworkFaults.random(5, SCOPE));
        assertThat(NetworkFaults.random(5, SCOPE)).isNotEqualTo(NetworkFaults.random(6, SCOPE));
    }

    @Test
    void shouldDrawEveryKindOfFault() {
        List<NetworkFaults> all = draw(2000);
        List<ScheduledFault> scheduled =
                all.stream().flatMap(faults -> faults.scheduled().stream()).toList();

        assertThat(scheduled.stream().map(Object::getClass).distinct()).hasSize(5);
        assertThat(all).anyMatch(faults -> faults.frames().drop() > 0);
        assertThat(all).anyMatch(faults -> faults.frames().corrupt() > 0);
        assertThat(all).anyMatch(faults -> faults.frames().duplicate() > 0);
        assertThat(all).anyMatch(faults -> faults.frames().reorder() > 0);
        assertThat(all).anyMatch(faults -> faults.queueFrames() == 1);
    }

    @Test
    void shouldDrawGoodAndBadScenariosAlike() {
        List<NetworkFaults> all = draw(2000);
        assertThat(all.stream().filter(faults -> faults.mustEndWell(DEADLINE))).hasSizeBetween(500, 1000);
    }

    @Test
    void shouldKillAtEveryOrderOfMagnitudeOfSteps() {
        List<Long> steps = draw(5000).stream()
                .flatMap(faults -> faults.scheduled().stream())
                .filter(Kill.class::isInstance)
                .map(fault -> ((Kill) fault).step())
                .toList();
        assertThat(steps).allMatch(step -> step >= 1 && step <= 1000);
        assertThat(steps).anyMatch(step -> step < 4).anyMatch(step -> step > 990);
    }

    @Test
    void shouldNotExpectAGoodEndWhenARankIsSilentTooLong() {
        NetworkFaults good = NetworkFaults.none();
        assertThat(good.with(new Stop(1, 0, DEADLINE / 4)).mustEndWell(DEADLINE))
                .isTrue();
        assertThat(good.with(new Stop(1, 0, DEADLINE)).mustEndWell(DEADLINE)).isFalse();
        assertThat(good.with(new Stop(1, 0, DEADLINE)).lossless()).isTrue();
        assertThat(good.with(FrameFaults.dropping(0.01)).lossless()).isFalse();
        assertThat(good.with(FrameFaults.reordering(1)).mustEndWell(DEADLINE)).isTrue();
    }

    @Test
    void shouldDescribeAScenarioInAFewLines() {
        NetworkFaults faults = NetworkFaults.none().with(Kill.atStep(2, 17));
        assertThat(faults.describe().lines())
                .contains("none: queues of 64 frames of 2048 bytes, polls of 1000 ns")
                .anyMatch(line -> line.startsWith("  Kill[rank=2, step=17,"));
    }

    private static List<NetworkFaults> draw(int count) {
        return LongStream.range(0, count)
                .mapToObj(seed -> NetworkFaults.random(seed, SCOPE))
                .toList();
    }
}
