package dev.braid.trainer.bench;

import dev.braid.tensor.DType;
import java.util.ArrayList;
import java.util.List;

/**
 * What a benchmark of collectives measures. All ranks hold the same one.
 *
 * @param operations in this order
 * @param sizes bytes of the whole tensor, multiples of the dtype's; in this order for each operation
 * @param dtype of the tensors: F32 or BF16
 * @param sharedMemory whether tensors lie where peers of the host can read them
 * @param repeats measured runs of each operation and size; 0: 50 up to 64 KiB and 10 above, as gloo_bench.py
 * @param firstWarmupMillis warm-up at an operation's first size, in which the JIT compiler settles
 * @param warmupMillis warm-up at each of its other sizes
 */
public record CommPlan(
        List<CommOperation> operations,
        List<Long> sizes,
        DType dtype,
        boolean sharedMemory,
        int repeats,
        int firstWarmupMillis,
        int warmupMillis) {
    private static final long SMALL = 64 << 10;

    public CommPlan {
        operations = List.copyOf(operations);
        sizes = List.copyOf(sizes);
        for (long size : sizes) {
            if (size < dtype.bytes() || size % dtype.bytes() != 0) {
                throw new IllegalArgumentException(size + " bytes are no whole number of " + dtype + " elements, of "
                        + dtype.bytes() + " bytes each");
            }
        }
    }

    /** A plan with the usual warm-up. */
    public static CommPlan of(
            List<CommOperation> operations, List<Long> sizes, DType dtype, boolean sharedMemory, int repeats) {
        return new CommPlan(operations, sizes, dtype, sharedMemory, repeats, 1_000, 300);
    }

    /** One thing to measure. */
    public record Point(CommOperation operation, long bytes) {}

    /** All that is measured, in order. */
    public List<Point> points() {
        List<Point> points = new ArrayList<>();
        for (CommOperation operation : operations) {
            for (long bytes : operation.sized() ? sizes : List.of(0L)) {
                points.add(new Point(operation, bytes));
            }
        }
        return points;
    }

    /** Measured runs of a tensor of {@code bytes}. */
    public int repeats(long bytes) {
        if (repeats > 0) {
            return repeats;
        }
        return bytes <= SMALL ? 50 : 10;
    }
}
