package dev.braid.trainer.mesh;

import static org.assertj.core.api.Assertions.assertThat;

import dev.braid.parallelism.mesh.Mesh;
import dev.braid.parallelism.pipeline.schedules.ScheduleName;
import dev.braid.tensor.DType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A pipeline changes who computes what when, and no bit of what comes out. */
class PipelineEquivalenceTest {
    private static void assertSame(PipelineRun run, ScheduleName name, int ranks) throws Exception {
        PipelineRun.Outcome expected = run.unpipelined(name);
        PipelineRun.Outcome piped = run.pipelined(name, ranks);
        piped.assertSame(expected);
    }

    @ParameterizedTest
    @CsvSource({
        "GPIPE, 2, 4",
        "ONE_F_ONE_B, 2, 4",
        "ONE_F_ONE_B, 4, 4",
        "INTERLEAVED, 2, 4",
        "ZB_H1, 4, 8",
        "ZB_H2, 2, 4",
        "ZB_V, 2, 4",
        "DUALPIPE, 2, 4",
        "DUALPIPE, 4, 8",
        "DUALPIPE_V, 2, 8"
    })
    void shouldTrainToTheSameBits(ScheduleName name, int ranks, int microbatches) throws Exception {
        assertSame(PipelineRun.of(microbatches), name, ranks);
    }

    @Test
    void shouldTrainReplicasToTheSameBits() throws Exception {
        assertSame(PipelineRun.of(4).on(Mesh.of(2, 1, 1), 0), ScheduleName.ZB_H1, 2);
    }

    @Test
    void shouldTrainWithDividedOptimizerStateToTheSameBits() throws Exception {
        assertSame(PipelineRun.of(4).on(Mesh.of(1, 2, 1), 1), ScheduleName.DUALPIPE, 2);
    }

    @Test
    void shouldTrainTensorRanksToTheSameBits() throws Exception {
        assertSame(PipelineRun.of(4).on(Mesh.of(1, 1, 2), 0), ScheduleName.ZB_V, 2);
    }

    @Test
    void shouldTrainInBf16ToTheSameBits() throws Exception {
        assertSame(PipelineRun.of(4).in(DType.BF16), ScheduleName.ZB_V, 2);
    }

    @Test
    void shouldRecomputeBlocksToTheSameBits() throws Exception {
        assertSame(PipelineRun.of(4).recomputing(), ScheduleName.ZB_H1, 2);
    }

    /** Else the tests above would show little: a sum in one group is another one than that of two groups. */
    @Test
    void shouldTrainToOtherBitsInOtherGroups() throws Exception {
        PipelineRun run = PipelineRun.of(4).forSteps(3);
        String query = "layers.1.mixer.q.weight";
        assertThat(run.unpipelined(ScheduleName.DUALPIPE).weights().get(query))
                .isNotEqualTo(
                        run.unpipelined(ScheduleName.ONE_F_ONE_B).weights().get(query));
    }
}
