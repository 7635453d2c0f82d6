package dev.braid.trainer.mesh;

import static org.assertj.core.api.Assertions.assertThat;

import dev.braid.parallelism.mesh.Mesh;
import dev.braid.parallelism.pipeline.schedules.ScheduleName;
import dev.braid.tensor.DType;
import dev.braid.trainer.train.StepResult;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Steps that are made before the norm is known end, undone or not, with the bits of those that waited for it. */
class OptimisticStepTest {
    private static PipelineRun.Outcome assertSame(PipelineRun run, ScheduleName name, int ranks) throws Exception {
        PipelineRun.Outcome expected = run.unpipelined(name);
        PipelineRun.Outcome optimistic = run.optimistic().pipelined(name, ranks);
        optimistic.assertSame(expected);
        return optimistic;
    }

    private static long above(PipelineRun.Outcome outcome, double norm) {
        return outcome.results().stream()
                .filter(result -> result.gradientNorm() > norm)
                .count();
    }

    @Test
    void shouldKeepUpdatesThatNothingWasWrongWith() throws Exception {
        PipelineRun.Outcome outcome = assertSame(PipelineRun.of(4).clippedAt(1000), ScheduleName.ZB_H2, 2);
        assertThat(above(outcome, 1000)).isZero();
    }

    @ParameterizedTest
    @CsvSource({"ZB_H2, 2, 4", "ZB_V, 2, 4", "ZB_H2, 4, 8", "ONE_F_ONE_B, 2, 4", "DUALPIPE, 2, 4", "INTERLEAVED, 2, 4"})
    void shouldUndoUpdatesThatShouldHaveBeenClipped(ScheduleName name, int ranks, int microbatches) throws Exception {
        PipelineRun run = PipelineRun.of(microbatches);
        PipelineRun.Outcome outcome = assertSame(run, name, ranks);
        assertThat(above(outcome, run.clip())).isBetween(3L, 10L);
    }

    @Test
    void shouldUndoUpdatesOfDividedOptimizerState() throws Exception {
        assertSame(PipelineRun.of(4).on(Mesh.of(1, 2, 1), 1), ScheduleName.ZB_V, 2);
    }

    /** What operations read is a rounded copy of the masters here, which is made again. */
    @Test
    void shouldUndoUpdatesInBf16() throws Exception {
        assertSame(PipelineRun.of(4).in(DType.BF16).poisonedAt(4).on(Mesh.of(1, 2, 1), 1), ScheduleName.ZB_H2, 2);
    }

    @Test
    void shouldUndoUpdatesOfReplicasOfTensorRanks() throws Exception {
        assertSame(PipelineRun.of(4).on(Mesh.of(2, 1, 2), 0).forSteps(4), ScheduleName.ZB_H2, 2);
    }

    @ParameterizedTest
    @CsvSource({"ZB_H2, 4, 8", "ZB_V, 2, 4"})
    void shouldSkipAStepWhoseGradientIsNotFinite(ScheduleName name, int ranks, int microbatches) throws Exception {
        PipelineRun.Outcome outcome = assertSame(PipelineRun.of(microbatches).poisonedAt(4), name, ranks);
        assertThat(outcome.results())
                .extracting(StepResult::skipped)
                .containsExactly(false, false, false, false, true, false, false, false, false, false);
        assertThat(outcome.results().get(4).gradientNorm()).isNaN();
        assertThat(outcome.results().get(5).loss()).isFinite();
    }

    /** What the second one undoes is an update from the weights that undoing the first one has restored. */
    @ParameterizedTest
    @CsvSource({"ZB_H2, 4, 8", "ZB_V, 2, 4"})
    void shouldSkipTwoStepsInARowWhoseGradientsAreNotFinite(ScheduleName name, int ranks, int microbatches)
            throws Exception {
        PipelineRun.Outcome outcome = assertSame(PipelineRun.of(microbatches).poisonedAt(4, 5), name, ranks);
        assertThat(outcome.results())
                .extracting(StepResult::skipped)
                .containsExactly(false, false, false, false, true, true, false, false, false, false);
        assertThat(outcome.results().get(6).loss()).isFinite();
    }
}
