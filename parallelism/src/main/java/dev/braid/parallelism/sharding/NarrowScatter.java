package dev.braid.parallelism.sharding;

import dev.braid.parallelism.Handle;
import dev.braid.tensor.Category;
import dev.braid.tensor.Compute;
import dev.braid.tensor.DType;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.ops.Elementwise;
import java.util.List;

/** Gradients travel as BF16, rounded once before; they are added in f32 and rounded once more. */
record NarrowScatter(Compute compute, Tensor whole, PlainScatter narrow) implements GradientScatter {
    /** Of {@code whole}, F32. */
    static NarrowScatter of(Compute compute, UnitLayout layout, ShardingGroups groups, Tensor whole) {
        int me = groups.shard();
        Tensor narrow = compute.memory().allocate(Category.COMMUNICATION, DType.BF16, Shape.of(whole.count()));
        Tensor own = narrow.rows(layout.firstElement(me), layout.elementCounts()[me]);
        return new NarrowScatter(compute, whole, new PlainScatter(layout, groups, narrow, own));
    }

    @Override
    public int steps() {
        return narrow.steps();
    }

    @Override
    public List<Handle> start(int step) {
        Elementwise.convert(compute, whole, narrow.all());
        return narrow.start(step);
    }

    @Override
    public Tensor sum() {
        return narrow.sum();
    }

    @Override
    public Tensor all() {
        return narrow.all();
    }

    @Override
    public void release() {
        narrow.all().release();
    }
}
