package dev.braid.tensor.ops;

import dev.braid.tensor.Category;
import dev.braid.tensor.DType;
import dev.braid.tensor.Memory;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.kernels.Addresses;

/**
 * Prints GB/s (every source read once, the target written once) of sums over ranks on one thread, beside a copy. Arguments:
 * bytes of one source, {@code shared} or {@code ordinary} memory.
 */
public final class CollectiveBench {
    private static final long NANOS = 400_000_000;
    private static final int[] SOURCES = {2, 3, 4, 8, 16, 32};

    private CollectiveBench() {}

    /** See the class. */
    public static void main(String[] arguments) {
        long bytes = arguments.length > 0 ? Long.parseLong(arguments[0]) : 8L << 20;
        boolean shared = arguments.length > 1 && arguments[1].equals("shared");
        try (Memory memory = shared ? Memory.shared() : new Memory()) {
            Tensor[] tensors = new Tensor[SOURCES[SOURCES.length - 1] + 1];
            long[] addresses = new long[tensors.length];
            for (int i = 0; i < tensors.length; i++) {
                tensors[i] = memory.zeros(Category.COMMUNICATION, DType.I8, Shape.of(bytes));
                addresses[i] = tensors[i].address();
            }
            long target = addresses[addresses.length - 1];
            for (int round = 0; round < 2; round++) {
                measure("copy", 2 * bytes, () -> Addresses.copy(addresses[0], target, bytes));
                for (int n : SOURCES) {
                    long moved = (n + 1) * bytes;
                    measure(
                            "sum F32 of " + n,
                            moved,
                            () -> CollectiveReduction.sum(DType.F32, addresses, n, target, bytes / 4, 0.5f));
                    measure(
                            "sum BF16 of " + n,
                            moved,
                            () -> CollectiveReduction.sum(DType.BF16, addresses, n, target, bytes / 2, 0.5f));
                    measure(
                            "max F32 of " + n,
                            moved,
                            () -> CollectiveReduction.max(DType.F32, addresses, n, target, bytes / 4));
                }
            }
        }
    }

    private static void measure(String name, long bytes, Runnable operation) {
        long best = Long.MAX_VALUE;
        long start = System.nanoTime();
        while (System.nanoTime() - start < NANOS) {
            long before = System.nanoTime();
            operation.run();
            best = Math.min(best, System.nanoTime() - before);
        }
        System.out.printf("%-16s %9.1f us %6.1f GB/s%n", name, best * 1e-3, (double) bytes / best);
    }
}
