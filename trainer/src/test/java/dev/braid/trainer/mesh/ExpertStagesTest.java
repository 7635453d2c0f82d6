package dev.braid.trainer.mesh;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.braid.parallelism.mesh.Mesh;
import dev.braid.parallelism.pipeline.schedules.ScheduleName;
import dev.braid.trainer.train.RouterLoad;
import dev.braid.trainer.train.RoutingReplay;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Twenty steps of a mixture on two stages, each of two ranks that divide its experts, and on one rank that has everything. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ExpertStagesTest {
    private static final int STEPS = 20;
    private static final int DATA_RANKS = 2;
    private static final int MICROBATCHES = 4;

    private final KeptRouting routing = new KeptRouting();
    private PipelineRun.Outcome alone;

    @BeforeAll
    void trainAlone() throws Exception {
        alone = run(DATA_RANKS * MICROBATCHES).under(routing).unpipelined(ScheduleName.ZB_H1);
    }

    private static PipelineRun run(int microbatches) {
        return PipelineRun.of(microbatches).of(TinyModel.EXPERTS).forSteps(STEPS);
    }

    private static PipelineRun divided(int tensor, int zero) {
        Mesh mesh = Mesh.of(1, DATA_RANKS, tensor).withExperts(DATA_RANKS);
        return run(MICROBATCHES).on(mesh, zero);
    }

    @ParameterizedTest
    @CsvSource({"ZB_H1, 1, 1", "DUALPIPE, 1, 1", "ZB_H1, 2, 1", "DUALPIPE, 2, 0"})
    void shouldTrainAsOneRankWithItsRouting(ScheduleName name, int tensor, int zero) throws Exception {
        RoutingReplay replay = routing.replayed(MICROBATCHES);
        PipelineRun.Outcome outcome = divided(tensor, zero).under(replay).pipelined(name, 2);
        assertClose(outcome, 1e-6);
        for (int step = 0; step < STEPS; step++) {
            assertThat(counts(outcome, step)).as("tokens of step %d", step).isEqualTo(counts(alone, step));
        }
    }

    /** A choice between two experts that are nearly alike may fall the other way. */
    @ParameterizedTest
    @CsvSource({"ZB_H1", "DUALPIPE"})
    void shouldTrainAsOneRankWithRoutingOfItsOwn(ScheduleName name) throws Exception {
        assertClose(divided(1, 1).pipelined(name, 2), 1e-4);
    }

    /** Tokens that chose each expert, by layer. */
    private static List<List<Long>> counts(PipelineRun.Outcome outcome, int step) {
        return outcome.results().get(step).routers().stream()
                .map(RouterLoad::counts)
                .toList();
    }

    private void assertClose(PipelineRun.Outcome outcome, double tolerance) {
        for (int step = 0; step < STEPS; step++) {
            double loss = alone.results().get(step).loss();
            assertThat(outcome.results().get(step).loss())
                    .as("loss of step %d", step)
                    .isCloseTo(loss, within(tolerance * loss));
        }
    }
}
