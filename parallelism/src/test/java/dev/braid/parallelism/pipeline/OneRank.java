package dev.braid.parallelism.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import dev.braid.parallelism.LocalWorld;
import dev.braid.parallelism.Wires;
import dev.braid.tensor.Memory;

/** What one rank computes by itself, micro-batch after micro-batch: no pipeline is to differ from it by a bit. */
final class OneRank {
    private OneRank() {}

    /** Runs a schedule twice, its first warm-up thrown away, and expects the same gradients and losses, and no memory in use. */
    static void expectItsBits(Wires wires, Schedule schedule, int rows, boolean remembers) throws Exception {
        int ranks = schedule.map().ranks();
        try (LocalWorld world = LocalWorld.of(wires, ranks)) {
            long before = PipelineRank.live(world);
            PipelineRank[] pipeline = new PipelineRank[ranks];
            world.each(rank -> {
                PipelineRank mine = PipelineRank.of(rank, schedule, rows, remembers);
                pipeline[rank.rank()] = mine;
                mine.executor().warmUp();
                mine.executor().discard();
                mine.executor().run();
                mine.model().zeroGradients();
                mine.executor().run();
            });
            assertThat(PipelineRank.live(world)).isEqualTo(before);
            for (int direction = 0; direction < schedule.map().directions().size(); direction++) {
                expectItsBits(pipeline, schedule, direction, rows, remembers);
            }
        }
    }

    /** The micro-batches that go in one direction have gradients of their own. */
    static void expectItsBits(PipelineRank[] pipeline, Schedule schedule, int direction, int rows, boolean remembers) {
        StageMap map = schedule.map();
        try (Memory memory = new Memory()) {
            ToyModel alone = ToyModel.whole(memory, map.stages(), schedule.microbatches(), rows, remembers);
            for (int microbatch = 0; microbatch < schedule.microbatches(); microbatch++) {
                if (map.direction(microbatch, schedule.microbatches()) == direction) {
                    alone.train(microbatch);
                }
            }
            for (int stage = 0; stage < map.stages(); stage++) {
                assertThat(pipeline[map.rank(direction, stage)].model().gradientBits(stage))
                        .as("stage %d, direction %d", stage, direction)
                        .isEqualTo(alone.gradientBits(stage));
            }
            assertThat(pipeline[map.rank(direction, map.stages() - 1)].model().losses)
                    .containsAllEntriesOf(alone.losses);
        }
    }
}
