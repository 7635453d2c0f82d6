package dev.braid.tensor.parameters;

import dev.braid.tensor.Category;
import dev.braid.tensor.Compute;
import dev.braid.tensor.DType;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.ops.Elementwise;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * For stores: where the micro-batches of a step add up a gradient, F32. Those of a group add up by themselves; groups are added in
 * order, {@code (g0 + g1) + g2}. What is not there all the time is allocated when it is first needed, as communication. Used by
 * one thread.
 */
public final class GradientSum {
    private final Compute compute;
    private final Shape shape;
    private final boolean kept;
    private final Consumer<Tensor> show;
    private Tensor total;
    private Tensor group;
    private boolean firstGroup = true;

    private GradientSum(Compute compute, Shape shape, Tensor total, Consumer<Tensor> show) {
        this.compute = compute;
        this.shape = shape;
        this.kept = total != null;
        this.total = total;
        this.show = show;
        show.accept(total);
    }

    /**
     * A sum that is there all the time.
     *
     * @param total F32, zero
     * @param show is given what micro-batches add to, or null when there is nothing until {@link #need}
     */
    public static GradientSum kept(Compute compute, Tensor total, Consumer<Tensor> show) {
        return new GradientSum(compute, total.shape(), total, show);
    }

    /** A sum of extents {@code shape} that is there from {@link #need} to {@link #take}; {@code show} as above. */
    public static GradientSum onNeed(Compute compute, Shape shape, Consumer<Tensor> show) {
        return new GradientSum(compute, shape, null, show);
    }

    /** A step begins: zero, in the first group. */
    public void begin() {
        if (group != null) {
            group.release();
            group = null;
        }
        if (total != null) {
            total.zero();
        }
        firstGroup = true;
        show.accept(total);
    }

    /** Shows something to add to. */
    public void need() {
        if (firstGroup) {
            if (total == null) {
                total = zeros();
            }
            show.accept(total);
        } else {
            if (group == null) {
                group = zeros();
            }
            show.accept(group);
        }
    }

    private Tensor zeros() {
        return compute.memory().zeros(Category.COMMUNICATION, DType.F32, shape);
    }

    /** What is added from now on adds up by itself. */
    public void nextGroup() {
        endGroup();
        firstGroup = false;
        show.accept(null);
    }

    /** Adds the last group to those before it. */
    private void endGroup() {
        if (group == null) {
            return;
        }
        if (total == null) {
            total = group;
        } else {
            Elementwise.add(compute, total, group, total);
            group.release();
        }
        group = null;
    }

    /**
     * The sum of all groups; empty when nothing asked for one. One that is not kept is the caller's from now on, and the next
     * {@link #need} begins anew.
     */
    public Optional<Tensor> take() {
        endGroup();
        firstGroup = true;
        Optional<Tensor> taken = Optional.ofNullable(total);
        if (!kept) {
            total = null;
        }
        show.accept(total);
        return taken;
    }
}
