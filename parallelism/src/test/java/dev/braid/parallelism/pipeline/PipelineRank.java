package dev.braid.parallelism.pipeline;

import dev.braid.parallelism.ExposedTime;
import dev.braid.parallelism.LocalRank;
import dev.braid.parallelism.LocalWorld;
import dev.braid.tensor.Category;

/** One rank of a world, all of whose ranks are a pipeline, with its stages of a {@link ToyModel}. */
record PipelineRank(int rank, ToyModel model, PipelineExecutor executor, ExposedTime exposed) {
    static PipelineRank of(LocalRank rank, Schedule schedule, boolean remembers) {
        return of(rank, schedule, ToyModel.ROWS, remembers);
    }

    static PipelineRank of(LocalRank rank, Schedule schedule, int rows, boolean remembers) {
        ToyModel model = new ToyModel(
                rank.memory(),
                schedule.map().stagesOf(rank.rank()),
                schedule.map().stages(),
                schedule.microbatches(),
                rows,
                remembers);
        ExposedTime exposed = new ExposedTime();
        return new PipelineRank(
                rank.rank(),
                model,
                new PipelineExecutor(schedule, model, rank.world(), rank.memory(), exposed),
                exposed);
    }

    /** Bytes of all ranks that a step must give back; from the start, some are the fabric's own. */
    static long live(LocalWorld world) {
        return world.ranks.stream()
                .map(LocalRank::memory)
                .mapToLong(memory -> memory.live(Category.ACTIVATIONS) + memory.live(Category.COMMUNICATION))
                .sum();
    }
}
