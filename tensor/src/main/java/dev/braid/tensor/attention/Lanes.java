package dev.braid.tensor.attention;

import dev.braid.tensor.kernels.Species;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import jdk.incubator.vector.VectorSpecies;

/**
 * Vectors of the attention and recurrence kernels: their species, access by absolute address.
 */
public final class Lanes {
    /** All of the address space: kernels take absolute addresses, which the facade has checked. */
    public static final MemorySegment ALL = MemorySegment.NULL.reinterpret(Long.MAX_VALUE);

    public static final ByteOrder ORDER = ByteOrder.LITTLE_ENDIAN;
    public static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;
    public static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED;
    public static final VectorSpecies<Float> FLOATS = Species.FLOAT;
    public static final VectorSpecies<Integer> INTS = Species.INT;
    /** As many lanes as {@link #FLOATS} has, of half the size. */
    public static final VectorSpecies<Short> SHORTS = Species.SHORT;

    /** Floats in a vector. */
    public static final int LANES = FLOATS.length();

    /** Columns of a panel: two vectors. */
    public static final int PANEL = 2 * LANES;

    private Lanes() {}

    public static float get(long address) {
        return ALL.get(FLOAT, address);
    }

    public static void set(long address, float value) {
        ALL.set(FLOAT, address, value);
    }

    /** Sum of the lanes stored at {@code address}, in one fixed order, which {@code reduceLanes} does not promise. */
    public static float sum(long address) {
        float even = 0;
        float odd = 0;
        for (int lane = 0; lane < LANES; lane += 2) {
            even += get(address + 4L * lane);
            odd += get(address + 4L * lane + 4);
        }
        return even + odd;
    }

    /** {@code count} rounded up to whole vectors of two: the padded width of packed rows. */
    public static int padded(int count) {
        return (count + PANEL - 1) / PANEL * PANEL;
    }
}
