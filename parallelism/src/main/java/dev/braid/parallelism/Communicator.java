package dev.braid.parallelism;

import dev.braid.tensor.Tensor;
import java.util.List;

/**
 * A process group: some ranks of the world in a fixed order, seen from one of them. All ranks in these methods are positions in
 * the group, 0 to {@code size() - 1}.
 *
 * <p>All members must start the same collectives of one group in the same order, with the same dtype, op and sizes; a mismatch
 * is found and named. Operations of different groups may be started in any order and any number may be in flight. Starting never
 * waits for a peer: a blocking call is {@code communicator.allReduce(x, SUM).await()}.
 *
 * <p>Data moves as raw elements: F32, BF16, I32, I8. Sums are canonical (see {@link ReduceOp#SUM}) unless an {@link Algorithm}
 * that declares another order was asked for. Where {@code counts} are not given, {@code count} elements are divided as evenly as
 * can be: the first {@code count % size()} ranks have one more (see {@link Slices}).
 *
 * <p>Thread-safe; two threads that start operations of the same group must agree on the order among themselves.
 */
public interface Communicator {
    /** Name of the group, for messages. */
    String name();

    /** This rank's position in the group. */
    int rank();

    /** Number of ranks in the group. */
    int size();

    /** World ranks of the members, in group order. */
    List<Integer> members();

    /** Replaces {@code tensor} by the combination of all ranks' tensors. */
    Handle allReduce(Tensor tensor, ReduceOp op);

    /**
     * Combines {@code input} of all ranks and leaves slice {@code rank()} of the result in {@code output}.
     *
     * @param output of the slice's count; it may be that slice of {@code input} itself, else it must not overlap it
     */
    Handle reduceScatter(Tensor input, Tensor output, ReduceOp op);

    /** As above, with {@code counts[r]} elements in the slice of rank {@code r}. */
    Handle reduceScatter(Tensor input, long[] counts, Tensor output, ReduceOp op);

    /**
     * Puts the slices of all ranks one after the other into {@code output}.
     *
     * @param input this rank's slice; it may be its place in {@code output} itself, else it must not overlap it
     */
    Handle allGather(Tensor input, Tensor output);

    /** As above, with {@code counts[r]} elements from rank {@code r}. */
    Handle allGather(Tensor input, long[] counts, Tensor output);

    /**
     * Sends slice {@code r} of {@code input} to rank {@code r}, whose slice {@code rank()} of {@code output} it becomes.
     *
     * @param output must not overlap {@code input}
     */
    Handle allToAll(Tensor input, Tensor output);

    /** As above, with slices of the given counts; {@code sendCounts[r]} here is {@code receiveCounts[rank()]} at rank {@code r}. */
    Handle allToAll(Tensor input, long[] sendCounts, Tensor output, long[] receiveCounts);

    /** Replaces {@code tensor} by that of {@code root}. */
    Handle broadcast(Tensor tensor, int root);

    /** Puts the tensors of all ranks one after the other into {@code output} of {@code root}; others pass null for it. */
    Handle gather(Tensor input, Tensor output, int root);

    /** Sends to one rank. Matched with its {@link #receive} of the same tag, in order; other tags are independent of it. */
    Handle send(Tensor tensor, int to, int tag);

    /** Receives from one rank a tensor of exactly this dtype and count. */
    Handle receive(Tensor tensor, int from, int tag);

    /** Done once all ranks have started it. */
    Handle barrier();
}
