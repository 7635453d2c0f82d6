package dev.braid.tensor.matmul;

import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/**
 * The vector width of this process: the widest that the processor has, or what {@code -Dbraid.vector.bits=128|256|512} on
 * the command line says. Species must be constants, or kernels run many times slower; so the width is read once.
 */
final class Lanes {
    private static final VectorShape SHAPE = shape(System.getProperty("braid.vector.bits"));

    static final VectorSpecies<Float> FLOATS = VectorSpecies.of(float.class, SHAPE);
    static final VectorSpecies<Integer> INTS = VectorSpecies.of(int.class, SHAPE);
    /** As many shorts as there are floats in {@link #FLOATS}: half its width. */
    static final VectorSpecies<Short> SHORTS =
            VectorSpecies.of(short.class, VectorShape.forBitSize(SHAPE.vectorBitSize() / 2));

    /** Floats in a vector. */
    static final int COUNT = FLOATS.length();

    private Lanes() {}

    /** The shape for the value of the property, or for none. */
    static VectorShape shape(String bits) {
        return shape(bits, VectorShape.preferredShape().vectorBitSize());
    }

    static VectorShape shape(String bits, int widest) {
        if (bits == null) {
            return VectorShape.forBitSize(widest);
        }
        VectorShape shape = switch (bits) {
            case "128" -> VectorShape.S_128_BIT;
            case "256" -> VectorShape.S_256_BIT;
            case "512" -> VectorShape.S_512_BIT;
            default ->
                throw new IllegalArgumentException(
                        "-Dbraid.vector.bits=" + bits + " is not a vector width; allowed: 128, 256, 512");
        };
        if (shape.vectorBitSize() > widest) {
            throw new IllegalArgumentException(
                    "-Dbraid.vector.bits=" + bits + ", but this processor (or JVM) has vectors of " + widest
                            + " bits at most; leave the property out or lower it");
        }
        return shape;
    }
}
