package dev.braid.tensor.attention;

import dev.braid.tensor.Category;
import dev.braid.tensor.Compute;
import dev.braid.tensor.DType;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import java.util.Random;

/** Random operands of one attention call: Q, K, V and their gradients each in one packed matrix, as the models hold them. */
final class Case {
    final AttentionSpec spec;
    final Heads q;
    final Heads k;
    final Heads v;
    final Heads o;
    final Heads dO;
    final Heads dq;
    final Heads dk;
    final Heads dv;
    final Tensor lse;
    final long seed;
    private final Compute compute;

    Case(Compute compute, AttentionSpec spec, int heads, int kvHeads, int headSize, DType dtype, long seed) {
        this(compute, spec, heads, kvHeads, headSize, headSize, 0, dtype, seed);
    }

    /**
     * Values of another size than keys.
     *
     * @param gap columns between two heads of values
     */
    Case(
            Compute compute,
            AttentionSpec spec,
            int heads,
            int kvHeads,
            int headSize,
            int valueSize,
            int gap,
            DType dtype,
            long seed) {
        this.compute = compute;
        this.spec = spec;
        this.seed = seed;
        Random random = new Random(seed);
        int queryRows = spec.batch() * spec.queries();
        int keyRows = spec.batch() * spec.keys();
        int rows = Math.max(queryRows, keyRows);
        int pitch = valueSize + gap;
        int columns = (heads + kvHeads) * headSize + kvHeads * pitch + 3;
        Tensor packed = random(compute, random, dtype, rows, columns);
        Tensor gradients = random(compute, random, dtype, rows, columns);
        q = new Heads(packed, 3, heads, headSize);
        k = new Heads(packed, 3 + heads * headSize, kvHeads, headSize);
        v = new Heads(packed, 3 + (heads + kvHeads) * headSize, kvHeads, valueSize, pitch);
        dq = new Heads(gradients, 3, heads, headSize);
        dk = new Heads(gradients, 3 + heads * headSize, kvHeads, headSize);
        dv = new Heads(gradients, 3 + (heads + kvHeads) * headSize, kvHeads, valueSize, pitch);
        o = new Heads(random(compute, random, dtype, queryRows, heads * valueSize + 1), 1, heads, valueSize);
        dO = Heads.of(random(compute, random, dtype, queryRows, heads * valueSize), valueSize);
        lse = compute.memory().allocate(Category.ACTIVATIONS, DType.F32, Shape.of(spec.batch(), heads, spec.queries()));
    }

    static Tensor random(Compute compute, Random random, DType dtype, int rows, int columns) {
        Tensor tensor = compute.memory().allocate(Category.ACTIVATIONS, dtype, Shape.of(rows, columns));
        for (long i = 0; i < tensor.count(); i++) {
            tensor.set(i, (float) random.nextGaussian());
        }
        return tensor;
    }

    Case forward(AttentionKernel kernel) {
        Attention.forward(kernel, compute, spec, q, k, v, o, lse);
        return this;
    }

    Case backward(AttentionKernel kernel) {
        Attention.backward(kernel, compute, spec, q, k, v, o, lse, dO, dq, dk, dv);
        return this;
    }

    /** Every element of the outputs and gradients, padding columns included. */
    float[][] results() {
        return new float[][] {o.tensor().toFloats(), lse.toFloats(), dq.tensor().toFloats()};
    }

    /** The heads as [row][head][column] in double. */
    static double[][][] values(Heads heads, int rows) {
        double[][][] values = new double[rows][heads.heads()][heads.headSize()];
        long columns = heads.tensor().shape().columns();
        for (int row = 0; row < rows; row++) {
            for (int head = 0; head < heads.heads(); head++) {
                for (int column = 0; column < heads.headSize(); column++) {
                    long index = row * columns + heads.firstColumn() + (long) head * heads.pitch() + column;
                    values[row][head][column] = heads.tensor().get(index);
                }
            }
        }
        return values;
    }

    double[][][] queryValues(Heads heads) {
        return values(heads, spec.batch() * spec.queries());
    }

    double[][][] keyValues(Heads heads) {
        return values(heads, spec.batch() * spec.keys());
    }
}
