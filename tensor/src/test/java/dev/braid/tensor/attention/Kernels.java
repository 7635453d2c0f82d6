package dev.braid.tensor.attention;

import java.util.stream.Stream;

/** The implementations under test. */
final class Kernels {
    private Kernels() {}

    static Stream<AttentionKernel> all() {
        return Stream.of(new ScalarAttention(), new VectorAttention());
    }
}
