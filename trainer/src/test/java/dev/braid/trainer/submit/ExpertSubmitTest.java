package dev.braid.trainer.submit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.braid.trainer.report.RouterRecord;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Four ranks in four executor JVMs divide the experts of two layers among them. In the first a token chooses two experts of eight; in
 * the second all of four, so that it is known beforehand what travels.
 */
@Tag("submit")
class ExpertSubmitTest {
    private static final Duration DEADLINE = Duration.ofMinutes(4);
    private static final int RANKS = 4;
    private static final int TRACED = 13;
    private static final int TOKENS = 32;
    private static final int DIM = 32;
    private static final int ROW = DIM * Float.BYTES;

    /** Exchanges of a layer: figures, lists, rows, weights and results in forward; results, weights and rows in backward. */
    private static final int FORWARD = 5;

    private static final int BACKWARD = 3;

    /** What a rank tells each of the others beforehand: how many rows and how many slots. */
    private static final int FIGURES = (RANKS - 1) * 2 * Integer.BYTES;

    private static final String LAYOUT = "shard: 4, expert: 4";
    private static final String BALANCE = "balance: {loss: switch, coefficient: 0.01}";
    private static final String SOME = "some: {type: moe, experts: 8, top_k: 2, hidden: 24, " + BALANCE + "}";
    private static final String ALL = "all: {type: moe, experts: 4, top_k: 4, hidden: 24, " + BALANCE + "}";
    private static final String[] MIXTURE = {
        "model.ffns={" + SOME + ", " + ALL + "}", "model.pattern=[attn+some, attn+all]"
    };

    @TempDir
    private static Path folder;

    private static MeshExperiment mesh;

    @BeforeAll
    static void train() throws Exception {
        mesh = new MeshExperiment(folder, 20);
        mesh.trainHere("alone", "shard: 1", 1, MIXTURE);
        mesh.trainHere("threads", LAYOUT, RANKS, MIXTURE);

        SubmittedSpark spark =
                new SubmittedSpark("experts").on("local-cluster[4,1,3072]").forSeconds();
        SubmittedSpark.Outcome outcome =
                spark.braid(DEADLINE, mesh.train("executors", LAYOUT, MIXTURE[0], MIXTURE[1], "train.trace=" + TRACED));
        assertThat(outcome.exit())
                .as("%s%n%s%n%s", outcome.output(), outcome.errors(), spark.executorLogs())
                .isZero();
    }

    @Test
    void shouldTrainToTheBitsOfThreadsInOneJvm() throws Exception {
        mesh.assertSame("executors", "threads");
    }

    /** A choice between two experts that are nearly alike may fall the other way. */
    @Test
    void shouldTrainAsOneRankDoes() throws Exception {
        mesh.assertClose("executors", "alone", 1e-4);
    }

    /** Of each token a row goes to every other rank and comes back, in forward and in backward, with a list and two weights. */
    @Test
    void shouldSendWhatThePlanSaysWhereEveryTokenGoesEverywhere() throws Exception {
        double planned = MeshExperiment.plan(mesh.train(
                        "plan", LAYOUT, "model.ffns={" + ALL + "}", "model.pattern=[attn+all]", "model.layers=1"))
                .wire()
                .expert();
        assertThat(planned).isEqualTo((RANKS - 1) * TOKENS * (4 * ROW + 3 * Integer.BYTES));
        traced().forEach((rank, exchanges) -> assertThat(sent(exchanges.subList(FORWARD, 2 * FORWARD + BACKWARD)))
                .as("bytes that rank %d sent", rank)
                .isEqualTo(FIGURES + Math.round(planned)));
    }

    /** As many rows come back from a rank as slots of all tokens have chosen its two experts; some of them were its own. */
    @Test
    void shouldSendBackTheRowsThatTheRouterHasCounted() throws Exception {
        RouterRecord router =
                mesh.records("executors").get(TRACED - 1).routers().getFirst();
        assertThat(router.counts().stream().mapToLong(Long::longValue).sum()).isEqualTo(RANKS * TOKENS * 2);
        traced().forEach((rank, exchanges) -> {
            long slots = router.counts().get(2 * rank) + router.counts().get(2 * rank + 1);
            TracedCollective results = exchanges.get(FORWARD - 1);
            TracedCollective gradients = exchanges.getLast();
            assertThat(results.bytes()).as("results of rank %d", rank).isEqualTo(slots * ROW);
            assertThat(gradients.bytes()).as("gradients of rank %d", rank).isEqualTo(slots * ROW);
            assertThat(gradients.sent()).isEqualTo(results.sent()).isLessThan(results.bytes());
        });
    }

    /** Of every rank, in the order of their starts. */
    private static Map<Integer, List<TracedCollective>> traced() throws Exception {
        Map<Integer, List<TracedCollective>> traced = mesh.traced("executors", TRACED, "expert");
        assertThat(traced).containsOnlyKeys(0, 1, 2, 3);
        assertThat(traced.values()).allSatisfy(each -> assertThat(each).hasSize(2 * (FORWARD + BACKWARD)));
        return traced;
    }

    private static long sent(List<TracedCollective> exchanges) {
        return exchanges.stream().mapToLong(TracedCollective::sent).sum();
    }
}
