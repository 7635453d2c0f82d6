package dev.braid.trainer.bench;

import dev.braid.tensor.Category;
import dev.braid.tensor.DType;
import dev.braid.tensor.Memory;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** How fast one thread copies memory: what a collective can be held against. */
final class MemoryCopy {
    private static final int WINDOWS = 7;
    private static final long WINDOW_NANOS = 20_000_000;

    private MemoryCopy() {}

    /** GB/s (10^9 bytes copied a second, each read once and written once) by size in bytes; the median of some windows. */
    static Map<Long, Double> measure(List<Long> sizes) {
        Map<Long, Double> rates = new TreeMap<>();
        try (Memory memory = new Memory()) {
            for (long size : sizes) {
                rates.computeIfAbsent(size, bytes -> measure(memory, bytes));
            }
        }
        return rates;
    }

    private static double measure(Memory memory, long bytes) {
        Shape shape = Shape.of(Math.max(1, bytes / DType.BF16.bytes()));
        Tensor source = memory.zeros(Category.COMMUNICATION, DType.BF16, shape);
        Tensor target = memory.zeros(Category.COMMUNICATION, DType.BF16, shape);
        try {
            double[] rates = new double[WINDOWS];
            window(source, target); // warm-up
            for (int i = 0; i < WINDOWS; i++) {
                rates[i] = window(source, target);
            }
            return CommResult.median(rates);
        } finally {
            source.release();
            target.release();
        }
    }

    private static double window(Tensor source, Tensor target) {
        long start = System.nanoTime();
        long copied = 0;
        long nanos;
        do {
            for (int i = 0; i < 8; i++) {
                target.copyFrom(source);
                copied += source.bytes();
            }
            nanos = System.nanoTime() - start;
        } while (nanos < WINDOW_NANOS);
        return (double) copied / nanos;
    }
}
