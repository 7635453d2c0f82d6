package dev.braid.trainer.bench;

import dev.braid.parallelism.Communicator;
import dev.braid.parallelism.Handle;
import dev.braid.parallelism.ReduceOp;
import dev.braid.parallelism.Slices;
import dev.braid.tensor.Category;
import dev.braid.tensor.DType;
import dev.braid.tensor.Memory;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import java.util.Arrays;
import java.util.function.LongToDoubleFunction;

/**
 * One rank's side of an operation at one size: its tensors, and what must be in them afterwards. Element i of the whole tensor
 * of rank r starts as {@code r + 1 + i % 5}, so that every sum of up to 64 ranks is exact in f32.
 */
final class CommCase implements AutoCloseable {
    private final CommOperation operation;
    private final Communicator group;
    private final long count;
    private final Tensor input;
    private final Tensor output;

    CommCase(CommPlan.Point point, DType dtype, Memory memory, Communicator group) {
        this.operation = point.operation();
        this.group = group;
        this.count = point.bytes() / dtype.bytes();
        long mine = Slices.size(count, group.size(), group.rank());
        this.input = tensor(memory, dtype, operation == CommOperation.ALL_GATHER ? mine : count);
        this.output = switch (operation) {
            case ALL_GATHER, SEND_RECEIVE -> tensor(memory, dtype, count);
            case REDUCE_SCATTER -> tensor(memory, dtype, mine);
            case ALL_TO_ALL -> tensor(memory, dtype, mine * group.size());
            case ALL_REDUCE, BROADCAST, BARRIER -> input;
        };
    }

    private static Tensor tensor(Memory memory, DType dtype, long count) {
        return memory.zeros(Category.COMMUNICATION, dtype, Shape.of(count));
    }

    /** Runs it once and returns when this rank has its result. */
    void run() {
        switch (operation) {
            case ALL_REDUCE -> group.allReduce(input, ReduceOp.SUM).await();
            case ALL_GATHER -> group.allGather(input, output).await();
            case REDUCE_SCATTER ->
                group.reduceScatter(input, output, ReduceOp.SUM).await();
            case ALL_TO_ALL -> {
                long[] received = new long[group.size()];
                Arrays.fill(received, Slices.size(count, group.size(), group.rank()));
                group.allToAll(input, Slices.sizes(count, group.size()), output, received)
                        .await();
            }
            case BROADCAST -> group.broadcast(input, group.size() - 1).await();
            case SEND_RECEIVE -> {
                Handle receive = group.receive(output, Math.floorMod(group.rank() - 1, group.size()), 0);
                Handle send = group.send(input, Math.floorMod(group.rank() + 1, group.size()), 0);
                receive.await();
                send.await();
            }
            case BARRIER -> group.barrier().await();
        }
    }

    /**
     * Runs it once on known elements and compares every element of the result.
     *
     * @throws IllegalStateException when one is wrong
     */
    void verify() {
        int rank = group.rank();
        long from = operation == CommOperation.ALL_GATHER ? Slices.start(count, group.size(), rank) : 0;
        for (long i = 0; i < input.count(); i++) {
            input.set(i, value(rank, from + i));
        }
        run();
        LongToDoubleFunction expected = expected();
        for (long i = 0; i < output.count(); i++) {
            float wanted = rounded((float) expected.applyAsDouble(i));
            if (output.get(i) != wanted) {
                throw new IllegalStateException(operation.word() + " of " + count + " elements over " + group.size()
                        + " ranks: element " + i + " of rank " + rank + " is " + output.get(i) + ", must be "
                        + wanted);
            }
        }
        input.zero(); // sums that go on growing would end as infinities
    }

    private LongToDoubleFunction expected() {
        int ranks = group.size();
        int rank = group.rank();
        long start = Slices.start(count, ranks, rank);
        return switch (operation) {
            case ALL_REDUCE -> this::sum;
            case REDUCE_SCATTER -> i -> sum(start + i);
            case ALL_GATHER -> i -> value(owner(i), i);
            case ALL_TO_ALL -> {
                long mine = Slices.size(count, ranks, rank);
                yield i -> value((int) (i / mine), start + i % mine);
            }
            case BROADCAST -> i -> value(ranks - 1, i);
            case SEND_RECEIVE -> i -> value(Math.floorMod(rank - 1, ranks), i);
            case BARRIER -> i -> 0;
        };
    }

    private static float value(int rank, long index) {
        return rank + 1 + index % 5;
    }

    private double sum(long index) {
        double sum = 0;
        for (int rank = 0; rank < group.size(); rank++) {
            sum += value(rank, index);
        }
        return sum;
    }

    private int owner(long index) {
        int rank = 0;
        while (Slices.start(count, group.size(), rank) + Slices.size(count, group.size(), rank) <= index) {
            rank++;
        }
        return rank;
    }

    private float rounded(float value) {
        return input.dtype() == DType.BF16 ? DType.fromBf16(DType.toBf16(value)) : value;
    }

    @Override
    public void close() {
        if (output != input) {
            output.release();
        }
        input.release();
    }
}
