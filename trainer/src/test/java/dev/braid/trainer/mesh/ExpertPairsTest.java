package dev.braid.trainer.mesh;

import dev.braid.parallelism.mesh.Mesh;
import dev.braid.parallelism.pipeline.Schedule;
import dev.braid.parallelism.pipeline.Slot;
import dev.braid.parallelism.pipeline.schedules.ScheduleName;
import dev.braid.parallelism.pipeline.schedules.Schedules;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Where rows travel, the two of a pair take turns. Written one after the other, the same actions give the same bits. */
class ExpertPairsTest {
    private static final int MICROBATCHES = 6;

    private static Schedule apart(Schedule paired) {
        List<List<Slot>> ranks = paired.ranks().stream()
                .map(slots -> slots.stream()
                        .flatMap(slot -> slot.actions().stream())
                        .map(Slot::of)
                        .toList())
                .toList();
        return new Schedule(paired.name(), paired.map(), paired.microbatches(), ranks, paired.settles());
    }

    /** On hosts of two of four ranks, rows are handed on; with recomputation a piece of backward that has begun waits for its turn too. */
    @ParameterizedTest
    @CsvSource({
        "DUALPIPE,   0, 2, 1, false, 8",
        "DUALPIPE_V, 1, 4, 1, false, 2",
        "DUALPIPE_V, 0, 2, 1, true,  1",
        "DUALPIPE,   1, 2, 2, true,  8"
    })
    void shouldGiveTheBitsOfOneAfterTheOther(
            ScheduleName name, int zero, int experts, int tensor, boolean recompute, int ranksPerHost)
            throws Exception {
        PipelineRun run = PipelineRun.of(MICROBATCHES)
                .of(TinyModel.EXPERTS)
                .forSteps(3)
                .on(Mesh.of(1, experts, tensor).withExperts(experts), zero)
                .onHostsOf(ranksPerHost);
        PipelineRun one = recompute ? run.recomputing() : run;
        Schedule schedule = Schedules.of(name, 2, MICROBATCHES);
        one.pipelined(schedule).assertSame(one.pipelined(apart(schedule)));
    }
}
