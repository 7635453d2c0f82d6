package dev.braid.tensor.kernels;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/**
 * The vector species of this JVM: as wide as the CPU prefers, at most 512 bits, or as {@code -Dbraid.vector.bits} says (128,
 * 256 or 512). They are constants because the compiler turns vector code into instructions only for constant species.
 *
 * <p>Needs the module jdk.incubator.vector: only code that {@link KernelProviders} has let through may touch this class.
 */
public final class Species {
    private static final String PROPERTY = "braid.vector.bits";
    private static final int WIDEST = 512;

    /** Width of {@link #FLOAT} in bits. */
    public static final int BITS = bits(System.getProperty(PROPERTY), FloatVector.SPECIES_PREFERRED.vectorBitSize());
    /** f32 of the full width. */
    public static final VectorSpecies<Float> FLOAT = VectorSpecies.of(float.class, VectorShape.forBitSize(BITS));
    /** As many i32 as {@link #FLOAT} has lanes. */
    public static final VectorSpecies<Integer> INT = VectorSpecies.of(int.class, VectorShape.forBitSize(BITS));
    /** As many i16 (or bf16) as {@link #FLOAT} has lanes. */
    public static final VectorSpecies<Short> SHORT = VectorSpecies.of(short.class, VectorShape.forBitSize(BITS / 2));
    /** i8 of the full width. */
    public static final VectorSpecies<Byte> BYTE = VectorSpecies.of(byte.class, VectorShape.forBitSize(BITS));
    /** f64 of the full width. */
    public static final VectorSpecies<Double> DOUBLE = VectorSpecies.of(double.class, VectorShape.forBitSize(BITS));
    /** As many f32 as {@link #DOUBLE} has lanes. */
    public static final VectorSpecies<Float> HALF_FLOAT =
            VectorSpecies.of(float.class, VectorShape.forBitSize(BITS / 2));
    /** Lanes of {@link #FLOAT}. */
    public static final int LANES = BITS / Float.SIZE;

    private Species() {}

    /** The width to use, given the property (null when not set) and what the CPU prefers. */
    static int bits(String requested, int preferred) {
        int widest = Math.min(WIDEST, preferred);
        if (requested == null) {
            return widest;
        }
        boolean known = requested.equals("128") || requested.equals("256") || requested.equals("512");
        if (!known) {
            throw new IllegalArgumentException("-D" + PROPERTY + "=" + requested + ": allowed are 128, 256 and 512");
        }
        int bits = Integer.parseInt(requested);
        if (bits > widest) {
            throw new IllegalArgumentException(
                    "-D" + PROPERTY + "=" + bits + ": this CPU has vectors of at most " + widest + " bits");
        }
        return bits;
    }
}
