package dev.braid.trainer.mesh;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.braid.parallelism.mesh.Mesh;
import dev.braid.parallelism.pipeline.schedules.ScheduleName;
import dev.braid.tensor.DType;
import dev.braid.trainer.Bits;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** A mixture trains with its experts divided over ranks as on one rank; only the order in which gradients are summed differs. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ExpertLayoutsTest {
    private static final int TOKENS = LayoutRun.SEQUENCES * LayoutRun.LENGTH;

    /** Experts that nobody chooses; with four ranks they are all of rank 1. */
    private static final List<Integer> STARVED = List.of(2, 3);

    private ExpertRun.Outcome alone;

    @BeforeAll
    void trainAlone() {
        alone = ExpertRun.of(Mesh.SINGLE, 0).alone();
    }

    /** shard x tensor, expert ranks, ZeRO stage */
    @ParameterizedTest
    @CsvSource({
        "2, 1, 1, 1",
        "2, 1, 2, 1",
        "4, 1, 2, 1",
        "4, 1, 4, 1",
        "2, 1, 2, 3",
        "4, 1, 2, 3",
        "4, 1, 4, 3",
        "4, 1, 4, 0",
        "4, 1, 2, 2",
        "2, 2, 2, 1",
        "2, 2, 2, 3"
    })
    void shouldTrainAsOneRankWithItsRouting(int shard, int tensor, int expert, int stage) throws Exception {
        Mesh mesh = Mesh.of(1, shard, tensor).withExperts(expert);
        assertClose(ExpertRun.of(mesh, stage).routed(alone.chosen()).run(), alone, 1e-6);
    }

    @Test
    void shouldTrainReplicasOfExpertGroups() throws Exception {
        Mesh mesh = Mesh.of(2, 2, 1).withExperts(2);
        assertClose(ExpertRun.of(mesh, 3).routed(alone.chosen()).run(), alone, 1e-6);
    }

    @ParameterizedTest
    @CsvSource({"2, 1", "4, 3"})
    void shouldTrainAsOneRankWithRoutingOfItsOwn(int expert, int stage) throws Exception {
        Mesh mesh = Mesh.of(1, 4, 1).withExperts(expert);
        ExpertRun.Outcome outcome = ExpertRun.of(mesh, stage).run();
        for (int step = 0; step < ExpertRun.STEPS; step++) {
            double loss = alone.losses().get(step);
            assertThat(outcome.losses().get(step)).as("loss of step %d", step).isCloseTo(loss, within(1e-4 * loss));
        }
    }

    @Test
    void shouldGiveEveryStageTheSameBits() throws Exception {
        Mesh mesh = Mesh.of(1, 4, 1).withExperts(2);
        ExpertRun.Outcome whole = ExpertRun.of(mesh, 0).run();
        for (int stage = 1; stage <= 3; stage++) {
            ExpertRun.Outcome divided = ExpertRun.of(mesh, stage).run();
            assertThat(divided.losses()).isEqualTo(whole.losses());
            assertThat(divided.norms()).isEqualTo(whole.norms());
            Bits.assertSame(divided.weights(), whole.weights());
        }
    }

    /** Of the forward pass no sum depends on where experts are: the first step's loss has the bits of ranks that have all experts. */
    @ParameterizedTest
    @CsvSource({"2, F32", "4, F32", "2, BF16", "4, BF16"})
    void shouldHaveTheForwardBitsOfRanksWithAllExperts(int expert, DType dtype) throws Exception {
        Mesh mesh = Mesh.of(1, 4, 1);
        double whole = ExpertRun.of(mesh, 1).in(dtype).run().losses().getFirst();
        double divided = ExpertRun.of(mesh.withExperts(expert), 1)
                .in(dtype)
                .run()
                .losses()
                .getFirst();
        assertThat(divided).isEqualTo(whole);
    }

    @Test
    void shouldExchangeRowsAgainWhereLayersRunAgain() throws Exception {
        ExpertRun run = ExpertRun.of(Mesh.of(1, 4, 1).withExperts(4), 3);
        ExpertRun.Outcome kept = run.run();
        ExpertRun.Outcome again = run.recomputing().run();
        assertThat(again.losses()).isEqualTo(kept.losses());
        Bits.assertSame(again.weights(), kept.weights());
    }

    /** Rows stop over at other ranks, and are added up in the same order all the same. */
    @ParameterizedTest
    @CsvSource({"1, F32, a a b b | a b c d | a b b a | a b b b", "3, F32, a a b b", "1, BF16, a a b b | a b c b"})
    void shouldGiveTheSameBitsWhereverRanksAre(int stage, DType dtype, String places) throws Exception {
        ExpertRun run = ExpertRun.of(Mesh.of(1, 4, 1).withExperts(4), stage).in(dtype);
        ExpertRun.Outcome together = run.run();
        for (String hosts : places.split(" \\| ")) {
            ExpertRun.Outcome apart =
                    run.onHosts(hosts.split(" ")).recomputing().run();
            assertThat(apart.losses()).as(hosts).isEqualTo(together.losses());
            assertThat(apart.norms()).as(hosts).isEqualTo(together.norms());
            Bits.assertSame(apart.weights(), together.weights());
        }
    }

    /** For ten steps one of the four ranks gets no token at all, and takes part all the same. */
    @Test
    void shouldTrainWithARankThatGetsNoToken() throws Exception {
        List<Map<Integer, int[]>> starving = starving();
        ExpertRun.Outcome reference =
                ExpertRun.of(Mesh.SINGLE, 0).routed(starving).alone();
        Mesh mesh = Mesh.of(1, 4, 1).withExperts(4);
        assertClose(ExpertRun.of(mesh, 3).routed(starving).run(), reference, 1e-6);
    }

    private List<Map<Integer, int[]>> starving() {
        List<Integer> fed = List.of(0, 1, 4, 5, 6, 7);
        List<Map<Integer, int[]>> routing = new ArrayList<>();
        for (int step = 0; step < ExpertRun.STEPS; step++) {
            if (step >= 10) {
                routing.add(alone.chosen().get(step));
                continue;
            }
            int[] experts = new int[2 * TOKENS];
            for (int token = 0; token < TOKENS; token++) {
                experts[2 * token] = fed.get((token + step) % 6);
                experts[2 * token + 1] = fed.get((token * 5 + step + 1 + token / 6 % 4) % 6);
                if (experts[2 * token + 1] == experts[2 * token]) {
                    experts[2 * token + 1] = fed.get((token + step + 1) % 6);
                }
            }
            assertThat(experts).doesNotContain(STARVED.get(0), STARVED.get(1));
            routing.add(Map.of(0, experts, 1, experts));
        }
        return routing;
    }

    @ParameterizedTest
    @CsvSource({"ZB_H1, 2, 1", "DUALPIPE, 2, 1", "ZB_H1, 2, 2", "ZB_V, 2, 1"})
    void shouldTrainStagesToTheSameBits(ScheduleName name, int expert, int tensor) throws Exception {
        PipelineRun run = PipelineRun.of(4)
                .of(TinyModel.EXPERTS)
                .forSteps(4)
                .on(Mesh.of(1, 2, tensor).withExperts(expert), 1);
        run.pipelined(name, 2).assertSame(run.unpipelined(name));
    }

    /** Two stages of four ranks, on four hosts of two: rows of a micro-batch are handed on while those of another wait. */
    @ParameterizedTest
    @EnumSource(names = {"ZB_H1", "DUALPIPE"})
    void shouldTrainStagesOnHostsToTheSameBits(ScheduleName name) throws Exception {
        PipelineRun run = PipelineRun.of(4)
                .of(TinyModel.EXPERTS)
                .forSteps(4)
                .on(Mesh.of(1, 4, 1).withExperts(4), 1);
        run.onHostsOf(2).pipelined(name, 2).assertSame(run.unpipelined(name));
    }

    /** Losses and norms within {@code tolerance}, and the weights at the end within a hundred times that; each relative. */
    private static void assertClose(ExpertRun.Outcome outcome, ExpertRun.Outcome reference, double tolerance) {
        for (int step = 0; step < ExpertRun.STEPS; step++) {
            double loss = reference.losses().get(step);
            assertThat(outcome.losses().get(step))
                    .as("loss of step %d", step)
                    .isCloseTo(loss, within(tolerance * loss));
            double norm = reference.norms().get(step);
            assertThat(outcome.norms().get(step)).as("norm of step %d", step).isCloseTo(norm, within(1e-4 * norm));
        }
        double validation = reference.losses().get(ExpertRun.STEPS);
        assertThat(outcome.losses().get(ExpertRun.STEPS))
                .as("validation")
                .isCloseTo(validation, within(1e-4 * validation));
        reference.weights().forEach((name, values) -> {
            float[] others = outcome.weights().get(name);
            double difference = 0;
            double size = 0;
            for (int i = 0; i < values.length; i++) {
                difference += Math.pow((double) values[i] - others[i], 2);
                size += Math.pow(values[i], 2);
            }
            assertThat(Math.sqrt(difference / size)).as(name).isLessThan(100 * tolerance);
        });
    }
}
