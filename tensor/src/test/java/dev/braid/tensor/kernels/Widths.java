package dev.braid.tensor.kernels;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import jdk.incubator.vector.FloatVector;

/** For tests that run once at each vector width. */
public final class Widths {
    private Widths() {}

    /** Skips the test where the CPU lacks the width that {@code -Dbraid.vector.bits} asks for. */
    public static void assumeSupported() {
        int widest = FloatVector.SPECIES_PREFERRED.vectorBitSize();
        int requested = Integer.getInteger("braid.vector.bits", widest);
        assumeTrue(requested <= widest, () -> "vectors of " + requested + " bits: this CPU has " + widest);
    }
}
