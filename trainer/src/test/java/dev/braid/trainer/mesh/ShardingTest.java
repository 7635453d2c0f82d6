package dev.braid.trainer.mesh;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.braid.parallelism.mesh.Mesh;
import dev.braid.parallelism.sharding.ShardingSettings;
import dev.braid.tensor.DType;
import dev.braid.trainer.Bits;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The stages of ZeRO among themselves, and against one rank. */
class ShardingTest {
    @ParameterizedTest
    @ValueSource(strings = {"1x2", "1x3", "1x4", "2x2"})
    void shouldGiveTheSameBitsAtEveryStage(String layout) throws Exception {
        Mesh mesh = mesh(layout);
        LayoutRun.Outcome replicas = LayoutRun.of(mesh, 0).run();
        for (int stage = 1; stage <= 3; stage++) {
            LayoutRun.Outcome sharded = LayoutRun.of(mesh, stage).run();
            assertSame("stage " + stage, sharded, replicas);
        }
        assertClose(replicas, LayoutRun.of(Mesh.SINGLE, 0).alone());
    }

    @Test
    void shouldGiveTheSameBitsWithManyMicrobatches() throws Exception {
        Mesh mesh = Mesh.of(1, 2, 1);
        List<LayoutRun.Outcome> outcomes = new ArrayList<>();
        for (int stage = 0; stage <= 3; stage++) {
            outcomes.add(LayoutRun.of(mesh, stage).withMicrobatch(2).run());
        }
        for (int stage = 1; stage <= 3; stage++) {
            assertSame("stage " + stage, outcomes.get(stage), outcomes.getFirst());
        }
        ShardingSettings sharded = new ShardingSettings(3, DType.F32, true, false);
        LayoutRun.Outcome each =
                LayoutRun.of(mesh, 3).withMicrobatch(2).with(sharded).run();
        assertClose(each, outcomes.getFirst());
    }

    @Test
    void shouldKeepGatheredValuesWithoutAChangeOfBits() throws Exception {
        LayoutRun run = LayoutRun.of(Mesh.of(1, 2, 1), 3);
        ShardingSettings kept = new ShardingSettings(3, DType.F32, false, true);
        assertSame("kept values", run.with(kept).run(), run.run());
    }

    @Test
    void shouldRecomputeBlocksWithoutAChangeOfBits() throws Exception {
        LayoutRun run = LayoutRun.of(Mesh.of(1, 2, 2), 3);
        assertSame("recomputed blocks", run.recomputing().run(), run.run());
    }

    @Test
    void shouldStayNearOneRankInBf16() throws Exception {
        LayoutRun.Outcome alone = LayoutRun.of(Mesh.SINGLE, 0).in(DType.BF16).alone();
        LayoutRun run = LayoutRun.of(Mesh.of(1, 3, 1), 3).in(DType.BF16);
        LayoutRun.Outcome stage3 = run.run();
        assertSame("stage 1", LayoutRun.of(Mesh.of(1, 3, 1), 1).in(DType.BF16).run(), stage3);
        LayoutRun.Outcome narrow =
                run.with(new ShardingSettings(3, DType.BF16, true, true)).run();
        assertNear(stage3, alone, 0.01);
        assertNear(narrow, alone, 0.01);
    }

    /** Each loss within {@code tolerance}, relative. */
    static void assertNear(LayoutRun.Outcome outcome, LayoutRun.Outcome reference, double tolerance) {
        for (int step = 0; step < reference.losses().size(); step++) {
            double loss = reference.losses().get(step);
            assertThat(outcome.losses().get(step))
                    .as("loss of step %d", step)
                    .isCloseTo(loss, within(tolerance * loss));
        }
    }

    private static Mesh mesh(String layout) {
        String[] sizes = layout.split("x");
        return Mesh.of(Integer.parseInt(sizes[0]), Integer.parseInt(sizes[1]), 1);
    }

    /** The same bits of losses, norms and weights. */
    static void assertSame(String name, LayoutRun.Outcome outcome, LayoutRun.Outcome reference) {
        assertThat(outcome.results()).as(name).isEqualTo(reference.results());
        assertThat(outcome.validation()).as(name).isEqualTo(reference.validation());
        Bits.assertSame(outcome.weights(), reference.weights());
    }

    /** Within what another order of sums makes: 1e-6 of each loss, 1e-5 of the final weights. */
    static void assertClose(LayoutRun.Outcome outcome, LayoutRun.Outcome reference) {
        assertThat(reference.norms().stream()
                        .filter(norm -> norm > LayoutRun.CLIP)
                        .count())
                .as("clipped steps")
                .isGreaterThanOrEqualTo(10);
        for (int step = 0; step < reference.losses().size(); step++) {
            double loss = reference.losses().get(step);
            assertThat(outcome.losses().get(step)).as("loss of step %d", step).isCloseTo(loss, within(1e-6 * loss));
        }
        reference.weights().forEach((name, values) -> {
            float[] others = outcome.weights().get(name);
            double difference = 0;
            double size = 0;
            for (int i = 0; i < values.length; i++) {
                difference += Math.pow((double) values[i] - others[i], 2);
                size += Math.pow(values[i], 2);
            }
            assertThat(Math.sqrt(difference / size)).as(name).isLessThan(1e-5);
        });
    }
}
