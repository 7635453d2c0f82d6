package dev.braid.parallelism.sharding;

import dev.braid.parallelism.Handle;
import dev.braid.parallelism.ReduceOp;
import dev.braid.tensor.Tensor;
import java.util.List;

/** Gradients travel in the dtype that their buffer has. */
record PlainScatter(UnitLayout layout, ShardingGroups groups, Tensor all, Tensor sum) implements GradientScatter {
    @Override
    public int steps() {
        return 1;
    }

    @Override
    public List<Handle> start(int step) {
        return groups.shards() == 1
                ? List.of()
                : List.of(groups.reduce().reduceScatter(all, layout.elementCounts(), sum, ReduceOp.SUM));
    }

    @Override
    public void release() {}
}
