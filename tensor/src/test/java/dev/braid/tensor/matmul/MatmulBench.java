package dev.braid.tensor.matmul;

import dev.braid.tensor.Category;
import dev.braid.tensor.DType;
import dev.braid.tensor.Memory;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.Workers;
import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * Measures the products of a training step, engine by engine, alternating, and prints a table in GFLOP/s. Not a test: run
 * its main with the JVM flags of the build. Arguments: cores, rounds, engines. With one core the time is that of the thread on
 * its processor, so that other work of the machine counts less.
 */
final class MatmulBench {
    private static final int TOKENS = 4096;

    private record Layer(String name, int in, int out) {}

    private static final List<Layer> LAYERS = List.of(
            new Layer("qkv", 512, 1024),
            new Layer("attention out", 512, 512),
            new Layer("gate and up", 512, 2816),
            new Layer("down", 1408, 512),
            new Layer("head", 512, 8192));

    private final boolean oneCore;
    private final int rounds;
    private final Matmul[] engines;
    private final PrintStream out;
    private final Memory memory = new Memory();

    private MatmulBench(boolean oneCore, int rounds, Matmul[] engines, PrintStream out) {
        this.oneCore = oneCore;
        this.rounds = rounds;
        this.engines = engines;
        this.out = out;
    }

    public static void main(String[] arguments) {
        int cores = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 2;
        int rounds = arguments.length > 1 ? Integer.parseInt(arguments[1]) : 7;
        String[] names = arguments.length > 2 ? arguments[2].split(",") : new String[] {"onednn", "nd4j", "vector"};
        Workers workers = new Workers(cores, "bench");
        Memory memory = new Memory();
        Matmul[] engines = new Matmul[names.length];
        for (int i = 0; i < names.length; i++) {
            engines[i] = new Matmul(workers, memory, names[i]);
            System.out.println(engines[i].describe());
        }
        System.out.println("| product | m | n | k | type | " + String.join(" | ", names) + " |");
        MatmulBench bench = new MatmulBench(cores == 1, rounds, engines, System.out);
        for (DType dtype : new DType[] {DType.F32, DType.BF16}) {
            for (Layer layer : LAYERS) {
                bench.layer(layer, dtype);
            }
        }
        for (Matmul engine : engines) {
            System.out.printf(
                    Locale.ROOT,
                    "peak %s: f32 %.0f, bf16 %.0f%n",
                    engine.describe().lines().findFirst().orElseThrow(),
                    engine.peakGflops(DType.F32),
                    engine.peakGflops(DType.BF16));
            engine.close();
        }
        workers.close();
    }

    private void layer(Layer layer, DType dtype) {
        boolean head = layer.name.equals("head");
        DType activations = head ? DType.F32 : dtype;
        measure(
                layer.name + " forward",
                MatmulSpec.dense(TOKENS, layer.out, layer.in, false, true, dtype, activations, false));
        measure(layer.name + " dX", MatmulSpec.dense(TOKENS, layer.in, layer.out, false, false, dtype, dtype, false));
        measure(layer.name + " dW", MatmulSpec.dense(layer.out, layer.in, TOKENS, true, false, dtype, DType.F32, true));
    }

    private void measure(String name, MatmulSpec spec) {
        Tensor a = filled(spec.operands(), spec.spanA());
        Tensor b = filled(spec.operands(), spec.spanB());
        Tensor c = filled(spec.result(), spec.spanC());
        long[] best = new long[engines.length];
        Arrays.fill(best, Long.MAX_VALUE);
        for (int round = 0; round < rounds; round++) {
            for (int i = 0; i < engines.length; i++) {
                long start = now();
                engines[i].multiply(spec, a, b, c);
                best[i] = Math.min(best[i], now() - start);
            }
        }
        StringBuilder line = new StringBuilder("| " + name + " | " + spec.m() + " | " + spec.n() + " | " + spec.k()
                + " | " + spec.operands() + " to " + spec.result() + " |");
        for (long nanos : best) {
            line.append(String.format(Locale.ROOT, " %.0f |", spec.flops() / nanos));
        }
        out.println(line);
        a.release();
        b.release();
        c.release();
    }

    private long now() {
        return oneCore ? ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime() : System.nanoTime();
    }

    private Tensor filled(DType dtype, long count) {
        Tensor tensor = memory.allocate(Category.ACTIVATIONS, dtype, Shape.of(count));
        for (long i = 0; i < count; i++) {
            tensor.set(i, (i * 37 % 61 - 30) / 64f);
        }
        return tensor;
    }
}
