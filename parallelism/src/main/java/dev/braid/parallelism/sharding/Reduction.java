package dev.braid.parallelism.sharding;

import dev.braid.parallelism.Communicator;
import dev.braid.parallelism.ExposedTime;
import dev.braid.parallelism.Handle;
import dev.braid.parallelism.ReduceOp;
import dev.braid.tensor.Category;
import dev.braid.tensor.Compute;
import dev.braid.tensor.DType;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.ops.Elementwise;
import dev.braid.tensor.parameters.Unit;
import java.util.ArrayList;
import java.util.List;

/**
 * The way of one unit's gradient from every rank's own to its sum: first over the ranks of a pipeline that hold it, and what is
 * tied to it (see {@link PipelineSum}), then over the ranks of the tensor axis that hold copies of a parameter, then over the
 * shard group (each rank gets its shard, in the steps of a {@link GradientScatter}), then over the
 * replicas; at stage 0 the shards are put together again. The order of sums is the same at every stage: ranks of a shard group
 * first, replicas then. Used by the rank's thread.
 */
final class Reduction {
    private static final int END = Integer.MAX_VALUE;

    /** The stage, counted from 1, at which the scatter begins. */
    private static final int FIRST_OF_SCATTER = 4;

    private final Compute compute;
    private final ShardedUnit unit;
    private final ShardingGroups groups;
    private final ShardingSettings settings;
    private final ExposedTime exposed;
    private final boolean add;
    private final Tensor whole;
    private final Tensor shard;
    private final PipelineSum pipeline;
    private final GradientScatter scatter;
    private int stage;
    private List<Handle> handles = List.of();
    private String axis = "pipeline";

    /**
     * Of a gradient that is complete on this rank.
     *
     * @param exchange with the ranks of the pipeline that hold copies
     * @param add whether the sum is added to the shard instead of replacing it
     */
    Reduction(
            Compute compute,
            ShardedUnit unit,
            ShardingSettings settings,
            CopyExchange exchange,
            ExposedTime exposed,
            boolean add) {
        this.compute = compute;
        this.unit = unit;
        this.groups = unit.groups();
        this.settings = settings;
        this.exposed = exposed;
        this.add = add;
        this.whole = unit.takeWholeGradient();
        this.shard = unit.gradientShard();
        this.pipeline = new PipelineSum(
                compute,
                groups.pipeline(),
                exchange,
                new PipelineSum.Summand(unit.unit(), whole),
                unit.takeTiedGradient());
        Tensor own = unit.ownPart(whole);
        boolean apart = settings.dividesGradients() && !add && groups.shards() > 1;
        this.scatter = GradientScatter.of(compute, unit.layout(), groups, settings, whole, apart ? shard : own);
    }

    /** How far it has come; a later unit's may not be farther, since all ranks start the same operations in the same order. */
    int stage() {
        return stage;
    }

    boolean ended() {
        return stage == END;
    }

    /** Whether what was started is done. */
    boolean ready() {
        return handles.stream().allMatch(Handle::done) && (stage != 1 || pipeline.copiesDone());
    }

    /** Waits for what was started, and starts what comes next. */
    void proceed() {
        for (Handle handle : handles) {
            exposed.await(axis, handle);
        }
        handles = List.of();
        stage++;
        int step = stage - FIRST_OF_SCATTER;
        if (step < 0) {
            beforeScatter();
        } else if (step < scatter.steps()) {
            axis = "shard";
            handles = scatter.start(step);
        } else {
            switch (step - scatter.steps()) {
                case 0 -> sumReplicas();
                case 1 -> gatherSums();
                default -> end();
            }
        }
    }

    private void beforeScatter() {
        switch (stage) {
            case 1 -> pipeline.startCopies();
            case 2 -> {
                pipeline.awaitCopies();
                handles = pipeline.startTied();
            }
            default -> {
                pipeline.finish();
                axis = "tensor";
                sumCopies();
            }
        }
    }

    private void sumCopies() {
        List<Handle> started = new ArrayList<>();
        for (Unit.Entry entry : unit.unit().entries()) {
            int copies = entry.part().copies();
            if (copies > 1) {
                Tensor part = whole.rows(
                        unit.layout().elementOf(entry, 0), entry.part().shape().count());
                started.add(groups.copies(copies).allReduce(part, ReduceOp.SUM));
            }
        }
        handles = started;
    }

    private void sumReplicas() {
        Communicator replicate = groups.replicate();
        if (replicate.size() > 1) {
            axis = "replicate";
            handles = List.of(replicate.allReduce(scatter.sum(), ReduceOp.SUM));
        }
    }

    /** Stage 0 puts the sums together again: in the group that has nothing else to do there, as each step has a group of its own. */
    private void gatherSums() {
        if (settings.stage() == 0 && groups.shards() > 1) {
            axis = "shard";
            handles = List.of(
                    groups.gather().allGather(scatter.sum(), unit.layout().elementCounts(), scatter.all()));
        }
    }

    private void end() {
        if (settings.stage() == 0) {
            if (scatter.all() != whole) {
                Elementwise.convert(compute, scatter.all(), whole);
            }
        } else if (add) {
            addToShard();
        } else if (scatter.sum().address() != shard.address()) {
            Elementwise.convert(compute, scatter.sum(), shard);
        }
        scatter.release();
        if (settings.dividesGradients()) {
            whole.release();
        }
        stage = END;
    }

    private void addToShard() {
        if (scatter.sum().dtype() == DType.F32) {
            Elementwise.add(compute, shard, scatter.sum(), shard);
            return;
        }
        Tensor wide = compute.memory()
                .allocate(Category.COMMUNICATION, DType.F32, scatter.sum().shape());
        Elementwise.convert(compute, scatter.sum(), wide);
        Elementwise.add(compute, shard, wide, shard);
        wide.release();
    }
}
