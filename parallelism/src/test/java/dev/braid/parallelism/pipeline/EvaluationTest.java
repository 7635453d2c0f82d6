package dev.braid.parallelism.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import dev.braid.parallelism.LocalWorld;
import dev.braid.parallelism.Wires;
import dev.braid.parallelism.pipeline.schedules.ScheduleName;
import dev.braid.parallelism.pipeline.schedules.Schedules;
import dev.braid.tensor.Category;
import dev.braid.tensor.Memory;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Forward passes over any number of micro-batches. */
class EvaluationTest {
    private static String order(StageMap map, int microbatches, int rank) {
        return ForwardOrder.of(map, microbatches).ranks().get(rank).actions().stream()
                .map(Action::toString)
                .collect(java.util.stream.Collectors.joining(" "));
    }

    @Test
    void shouldTakeMicroBatchesInTurn() {
        assertThat(order(StageMap.linear(2), 3, 0)).isEqualTo("0F0 0F1 0F2");
        assertThat(order(StageMap.linear(2), 3, 1)).isEqualTo("1F0 1F1 1F2");
    }

    /** Rank 0 runs stages 0 and 3. From tick 3 on, micro-batch 0 is ready for stage 3, and so are others after it. */
    @Test
    void shouldFinishWhatWasBegunBeforeSomethingNew() {
        assertThat(order(StageMap.vShaped(2), 4, 0)).isEqualTo("0F0 0F1 0F2 3F0 0F3 3F1 3F2 3F3");
        assertThat(order(StageMap.vShaped(2), 4, 1)).isEqualTo("1F0 2F0 1F1 2F1 1F2 2F2 1F3 2F3");
    }

    /** The first half goes from rank 0 to 1, the other one back. */
    @Test
    void shouldRunBothWaysAtOnce() {
        assertThat(order(StageMap.bothWays(2), 3, 0)).isEqualTo("0F0 1F2 0F1");
        assertThat(order(StageMap.bothWays(2), 1, 0)).isEqualTo("0F0");
        assertThat(order(StageMap.bothWays(2), 1, 1)).isEqualTo("1F0");
    }

    /** Fewer micro-batches than in a step, as many, and several times as many; between them training goes on. */
    @ParameterizedTest
    @EnumSource(ScheduleName.class)
    void shouldGiveTheLossesOfOneRank(ScheduleName name) throws Exception {
        Schedule schedule = Schedules.of(name, 2, 4);
        try (LocalWorld world = LocalWorld.of(Wires.FRAMES, 2)) {
            PipelineRank[] pipeline = new PipelineRank[2];
            world.each(rank -> pipeline[rank.rank()] = PipelineRank.of(rank, schedule, true));
            long before = PipelineRank.live(world);
            for (int microbatches : new int[] {1, 3, 4, 11}) {
                Map<Integer, Double> losses = new ConcurrentHashMap<>();
                world.each(rank -> {
                    PipelineRank mine = pipeline[rank.rank()];
                    mine.executor().run();
                    mine.model().losses.clear();
                    mine.executor().evaluate(microbatches);
                    losses.putAll(mine.model().losses);
                });
                assertThat(PipelineRank.live(world)).isEqualTo(before);
                try (Memory memory = new Memory()) {
                    ToyModel alone = ToyModel.whole(memory, schedule.map().stages(), 4, ToyModel.ROWS, true);
                    for (int microbatch = 0; microbatch < microbatches; microbatch++) {
                        alone.train(microbatch);
                    }
                    assertThat(losses).isEqualTo(alone.losses);
                }
            }
        }
    }

    /** The first rank could be done with all of its forwards before the second one has begun; it must not. */
    @ParameterizedTest
    @ValueSource(ints = {20, 40})
    void shouldNotHoldMoreForMoreMicroBatches(int microbatches) throws Exception {
        try (LocalWorld world = LocalWorld.of(Wires.FRAMES, 2)) {
            world.each(rank -> {
                PipelineRank mine = PipelineRank.of(rank, Schedules.of(ScheduleName.ONE_F_ONE_B, 2, 4), false);
                long before = rank.memory().peak(Category.ACTIVATIONS);
                mine.executor().evaluate(microbatches);
                // Data, the norm's result and its figures of rows, and what the product makes.
                int matrix = ToyModel.ROWS * ToyModel.COLUMNS * Float.BYTES;
                assertThat(rank.memory().peak(Category.ACTIVATIONS) - before).isLessThanOrEqualTo(4 * matrix + 4 * 64);
            });
        }
    }
}
