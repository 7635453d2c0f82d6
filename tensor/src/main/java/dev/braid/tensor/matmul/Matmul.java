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
        throw new UnsupportedOperationException();
    }

    @Override
    public void close() {}
}
