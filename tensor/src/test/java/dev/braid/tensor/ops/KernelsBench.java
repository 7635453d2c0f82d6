package dev.braid.tensor.ops;

import dev.braid.tensor.Category;
import dev.braid.tensor.Compute;
import dev.braid.tensor.DType;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.kernels.KernelProviders;
import java.util.Random;

/**
 * Prints milliseconds and GB/s (bytes read and written once each) of every operation at training shapes. Arguments: cores,
 * kernels ({@code vector} or {@code scalar}), repetitions.
 */
public final class KernelsBench {
    private static final int ROWS = 4096;
    private static final int WIDTH = 512;
    private static final int HIDDEN = 1408;
    private static final int VOCABULARY = 8192;

    private final Compute compute;
    private final int repetitions;

    private KernelsBench(Compute compute, int repetitions) {
        this.compute = compute;
        this.repetitions = repetitions;
    }

    /** See the class. */
    public static void main(String[] arguments) {
        int cores = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 2;
        String kernels = arguments.length > 1 ? arguments[1] : "vector";
        int repetitions = arguments.length > 2 ? Integer.parseInt(arguments[2]) : 200;
        try (Compute compute = new Compute(cores, "vector", "bench", KernelProviders.byName(kernels))) {
            KernelsBench bench = new KernelsBench(compute, repetitions);
            bench.activations(DType.F32);
            bench.activations(DType.BF16);
            bench.optimizer();
        }
    }

    private Tensor tensor(DType dtype, long... extents) {
        Tensor tensor = compute.memory().allocate(Category.ACTIVATIONS, dtype, Shape.of(extents));
        Random random = new Random(1);
        for (long i = 0; i < tensor.count(); i++) {
            tensor.set(i, dtype == DType.I32 ? 0 : (float) random.nextGaussian());
        }
        return tensor;
    }

    private void measure(String name, DType dtype, Runnable operation, Tensor... touched) {
        long best = Long.MAX_VALUE;
        for (int i = 0; i < repetitions; i++) {
            long start = System.nanoTime();
            operation.run();
            best = Math.min(best, System.nanoTime() - start);
        }
        long bytes = 0;
        for (Tensor tensor : touched) {
            bytes += tensor.bytes();
        }
        System.out.printf("%-28s %-4s %7.3f ms %7.1f GB/s%n", name, dtype, best * 1e-6, (double) bytes / best);
    }

    private void activations(DType dtype) {
        norms(dtype);
        gatedAndRotated(dtype);
        elementwise(dtype);
        loss(dtype);
    }

    private void norms(DType dtype) {
        Tensor x = tensor(dtype, ROWS, WIDTH);
        Tensor y = tensor(dtype, ROWS, WIDTH);
        Tensor z = tensor(dtype, ROWS, WIDTH);
        Tensor weight = tensor(DType.F32, WIDTH);
        Tensor inverse = tensor(DType.F32, ROWS);
        measure("rms_norm.forward", dtype, () -> RmsNorm.forward(compute, x, weight, 1e-5f, y, inverse), x, y);
        measure(
                "rms_norm.input_gradient",
                dtype,
                () -> RmsNorm.inputGradient(compute, y, x, weight, inverse, z, z),
                x,
                y,
                z,
                z);
        measure("rms_norm.weight_gradient", dtype, () -> RmsNorm.weightGradient(compute, y, x, inverse, weight), x, y);
        Tensor packed = tensor(dtype, ROWS, 1024);
        Tensor normed = tensor(dtype, ROWS, 1024);
        Tensor weightQ = tensor(DType.F32, 64);
        Tensor weightK = tensor(DType.F32, 64);
        Tensor headInverse = tensor(DType.F32, ROWS, 12);
        measure(
                "head_norm.forward",
                dtype,
                () -> HeadNorm.forward(compute, packed, weightQ, weightK, 8, 4, 1e-5f, normed, headInverse),
                packed,
                normed);
        measure(
                "head_norm.input_gradient",
                dtype,
                () -> HeadNorm.inputGradient(compute, normed, packed, weightQ, weightK, 8, 4, headInverse, normed),
                packed,
                normed,
                normed);
        measure(
                "head_norm.weight_gradient",
                dtype,
                () -> HeadNorm.weightGradient(compute, normed, packed, headInverse, 8, 4, weightQ, weightK),
                packed,
                normed);
    }

    private void gatedAndRotated(DType dtype) {
        Tensor gateUp = tensor(dtype, ROWS, 2 * HIDDEN);
        Tensor dGateUp = tensor(dtype, ROWS, 2 * HIDDEN);
        Tensor out = tensor(dtype, ROWS, HIDDEN);
        measure("swiglu.forward", dtype, () -> SwiGlu.forward(compute, gateUp, out), gateUp, out);
        measure(
                "swiglu.input_gradient",
                dtype,
                () -> SwiGlu.inputGradient(compute, out, gateUp, dGateUp),
                gateUp,
                out,
                dGateUp);
        Tensor qkv = tensor(dtype, ROWS, 1024);
        Tensor positions = tensor(DType.I32, ROWS);
        RopeTable table = new RopeTable(64, 10000, 512);
        for (int i = 0; i < ROWS; i++) {
            positions.setInt(i, i % 512);
        }
        measure("rope.apply", dtype, () -> Rope.apply(compute, qkv, table, positions, 64, 12, false), qkv, qkv);
    }

    private void elementwise(DType dtype) {
        Tensor a = tensor(dtype, ROWS, WIDTH);
        Tensor b = tensor(dtype, ROWS, WIDTH);
        Tensor out = tensor(dtype, ROWS, WIDTH);
        Tensor bias = tensor(DType.F32, WIDTH);
        measure("add", dtype, () -> Elementwise.add(compute, a, b, out), a, b, out);
        measure("add_bias", dtype, () -> Elementwise.addBias(compute, a, bias), a, a);
        measure("column_sum", dtype, () -> Elementwise.columnSum(compute, a, bias), a);
        measure("scale", dtype, () -> Elementwise.scale(compute, a, 1f), a, a);
        Tensor other = tensor(dtype == DType.F32 ? DType.BF16 : DType.F32, ROWS, WIDTH);
        measure("convert to the other", dtype, () -> Elementwise.convert(compute, a, other), a, other);
        Tensor tokens = tensor(DType.I32, ROWS);
        for (int i = 0; i < ROWS; i++) {
            tokens.setInt(i, i * 7919 % VOCABULARY);
        }
        Tensor table = tensor(dtype, VOCABULARY, WIDTH);
        Tensor dTable = tensor(DType.F32, VOCABULARY, WIDTH);
        measure("embedding.forward", dtype, () -> Embedding.forward(compute, table, tokens, out), out, out);
        measure(
                "embedding.weight_gradient",
                dtype,
                () -> Embedding.weightGradient(compute, out, tokens, dTable),
                out,
                dTable);
    }

    private void loss(DType dtype) {
        int rows = 512;
        Tensor logits = tensor(DType.F32, rows, VOCABULARY);
        Tensor dLogits = tensor(dtype, rows, VOCABULARY);
        Tensor labels = tensor(DType.I32, rows);
        Tensor lse = tensor(DType.F32, rows);
        Tensor loss = tensor(DType.F32, rows);
        measure(
                "cross_entropy.forward",
                dtype,
                () -> CrossEntropy.forward(compute, logits, labels, 1e-4f, lse, loss),
                logits);
        measure(
                "cross_entropy.gradient",
                dtype,
                () -> CrossEntropy.gradient(compute, logits, labels, lse, 1e-3f, 1e-4f, dLogits),
                logits,
                dLogits);
        measure(
                "cross_entropy.forward_gradient",
                dtype,
                () -> CrossEntropy.forwardGradient(compute, logits, labels, 1e-3f, 1e-4f, lse, loss, dLogits),
                logits,
                dLogits);
    }

    private void optimizer() {
        int count = 8 << 20;
        Tensor master = tensor(DType.F32, count);
        Tensor gradient = tensor(DType.F32, count);
        Tensor m = tensor(DType.F32, count);
        Tensor v = tensor(DType.F32, count);
        v.zero();
        Tensor copy = tensor(DType.BF16, count);
        AdamWScalars scalars = AdamWScalars.at(1, 1e-3, 0.9, 0.95, 1e-8, 0.1, 1);
        measure(
                "adamw",
                DType.F32,
                () -> AdamWUpdate.apply(compute, master, gradient, m, v, copy, scalars),
                master,
                master,
                gradient,
                m,
                m,
                v,
                v,
                copy);
        measure("squared_norm", DType.F32, () -> SquaredNorm.of(compute, gradient), gradient);
        measure("sum", DType.F32, () -> Elementwise.sum(compute, gradient), gradient);
        int saved = Math.max(1, repetitions / 40);
        new KernelsBench(compute, saved)
                .measure(
                        "random.normal",
                        DType.F32,
                        () -> CounterRandom.normal(compute, gradient, 1, "weight", 0, 1, 0),
                        gradient);
    }
}
