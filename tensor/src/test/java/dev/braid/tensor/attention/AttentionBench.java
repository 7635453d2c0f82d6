package dev.braid.tensor.attention;

import dev.braid.tensor.Category;
import dev.braid.tensor.Compute;
import dev.braid.tensor.DType;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.Locale;
import java.util.Random;

/**
 * Times attention at the shapes of docs/attention.md. Arguments: cores, repetitions. Prints the fastest and the median
 * time in milliseconds and the arithmetic rate of the fastest. On one core it counts the processor time of its thread,
 * which a busy machine hardly disturbs; on more, wall time.
 */
public final class AttentionBench {
    private record Case(int batch, int length, int heads, int kvHeads, int headSize, DType dtype) {}

    private AttentionBench() {}

    /** Runs every case twice, so that the first round serves as the warm-up of the second. */
    public static void main(String[] arguments) {
        int cores = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 2;
        int repetitions = arguments.length > 1 ? Integer.parseInt(arguments[1]) : 60;
        Case[] cases = {
            new Case(8, 512, 8, 8, 64, DType.F32),
            new Case(8, 512, 8, 4, 64, DType.F32),
            new Case(8, 512, 8, 8, 64, DType.BF16),
            new Case(8, 512, 8, 4, 64, DType.BF16),
            new Case(1, 4096, 8, 4, 64, DType.F32),
            new Case(4, 512, 8, 8, 128, DType.F32),
        };
        for (int round = 0; round < 2; round++) {
            for (Case one : cases) {
                time(one, cores, repetitions);
            }
        }
    }

    private static void time(Case one, int cores, int repetitions) {
        try (Compute compute = new Compute(cores, "vector", "bench")) {
            int size = one.headSize();
            int rows = one.batch() * one.length();
            int columns = (one.heads() + 2 * one.kvHeads()) * size;
            Tensor qkv = random(compute, one.dtype(), rows, columns);
            Tensor gradient = random(compute, one.dtype(), rows, columns);
            Tensor o = random(compute, one.dtype(), rows, one.heads() * size);
            Tensor dO = random(compute, one.dtype(), rows, one.heads() * size);
            Tensor lse = compute.memory()
                    .allocate(Category.ACTIVATIONS, DType.F32, Shape.of(one.batch(), one.heads(), one.length()));
            Heads[] x = heads(qkv, one);
            Heads[] g = heads(gradient, one);
            Heads output = Heads.of(o, size);
            AttentionSpec spec = AttentionSpec.causal(one.batch(), one.length(), size);
            double[] forward = new double[repetitions];
            double[] backward = new double[repetitions];
            for (int i = 0; i < repetitions; i++) {
                long start = now(cores);
                Attention.forward(compute, spec, x[0], x[1], x[2], output, lse);
                long middle = now(cores);
                Attention.backward(compute, spec, x[0], x[1], x[2], output, lse, Heads.of(dO, size), g[0], g[1], g[2]);
                forward[i] = (middle - start) / 1e6;
                backward[i] = (now(cores) - middle) / 1e6;
            }
            double flops = 4.0 * one.batch() * one.heads() * size * spec.visiblePairs();
            report(one + " forward", forward, flops);
            report(one + " backward", backward, 2.5 * flops);
        }
    }

    private static long now(int cores) {
        return cores == 1 ? ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime() : System.nanoTime();
    }

    private static void report(String name, double[] milliseconds, double flops) {
        Arrays.sort(milliseconds);
        System.out.printf(
                Locale.ROOT,
                "%-90s fastest %7.2f median %7.2f ms, %4.0f GFLOP/s%n",
                name,
                milliseconds[0],
                milliseconds[milliseconds.length / 2],
                flops / milliseconds[0] / 1e6);
    }

    private static Heads[] heads(Tensor packed, Case one) {
        int size = one.headSize();
        int keys = one.heads() * size;
        return new Heads[] {
            new Heads(packed, 0, one.heads(), size),
            new Heads(packed, keys, one.kvHeads(), size),
            new Heads(packed, keys + one.kvHeads() * size, one.kvHeads(), size)
        };
    }

    private static Tensor random(Compute compute, DType dtype, int rows, int columns) {
        Tensor tensor = compute.memory().allocate(Category.ACTIVATIONS, dtype, Shape.of(rows, columns));
        Random random = new Random(7);
        for (long i = 0; i < tensor.count(); i++) {
            tensor.set(i, (float) random.nextGaussian());
        }
        return tensor;
    }
}
