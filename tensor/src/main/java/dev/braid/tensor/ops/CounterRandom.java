package dev.braid.tensor.ops;

import dev.braid.tensor.Compute;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.kernels.Addresses;
import java.nio.charset.StandardCharsets;

/**
 * Random numbers that are a pure function of (seed, name, element): Philox 4x32-10 (Salmon et al. 2011, "Parallel random
 * numbers: as easy as 1, 2, 3") with the seed as key and (element block, 64-bit FNV-1a hash of the name) as counter. The
 * same on every machine, layout, thread count and vector width: scalar arithmetic, {@link StrictMath} only.
 */
public final class CounterRandom {
    private static final long FNV_OFFSET = 0xCBF29CE484222325L;
    private static final long FNV_PRIME = 0x100000001B3L;
    private static final int ROUNDS = 10;
    private static final int MULTIPLIER_0 = 0xD2511F53;
    private static final int MULTIPLIER_1 = 0xCD9E8D57;
    private static final int WEYL_0 = 0x9E3779B9;
    private static final int WEYL_1 = 0xBB67AE85;
    /** Elements of one task. */
    private static final int BLOCK = 4096;

    private static final long LOW = 0xFFFFFFFFL;
    private static final double UNIT = 0x1p-53;

    private CounterRandom() {}

    /** 128 random bits. */
    private record Bits(long first, long second) {}

    /** 64 random bits for element {@code element} of the stream {@code name}. */
    public static long bits(long seed, String name, long element) {
        Bits bits = philox(seed, Math.floorDiv(element, 2L), hash(name));
        return Math.floorMod(element, 2L) == 0 ? bits.first : bits.second;
    }

    /** A number in [0, 1), a multiple of 2^-53, from {@link #bits}. */
    public static double uniform(long seed, String name, long element) {
        return (bits(seed, name, element) >>> 11) * UNIT;
    }

    /** A standard normal number: Box-Muller on the bits of the element's pair. */
    public static double normal(long seed, String name, long element) {
        Bits bits = philox(seed, Math.floorDiv(element, 2L), hash(name));
        double angle = angle(bits);
        return radius(bits) * (Math.floorMod(element, 2L) == 0 ? StrictMath.cos(angle) : StrictMath.sin(angle));
    }

    private static double radius(Bits bits) {
        // In (0, 1], so that the logarithm is finite.
        double uniform = ((bits.first >>> 11) + 1) * UNIT;
        return Math.sqrt(-2 * StrictMath.log(uniform));
    }

    private static double angle(Bits bits) {
        return 2 * Math.PI * ((bits.second >>> 11) * UNIT);
    }

    /**
     * Fills {@code tensor} with normal numbers: element i gets element {@code firstElement + i} of the stream.
     *
     * @param tensor F32
     * @param name the parameter's global name
     * @param firstElement index of the tensor's first element in the whole parameter
     */
    public static void normal(
            Compute compute,
            Tensor tensor,
            long seed,
            String name,
            double mean,
            double standardDeviation,
            long firstElement) {
        Check check = new Check("random.normal");
        check.floats("tensor", tensor);
        check.require(firstElement >= 0, "first element " + firstElement + " must not be negative");
        check.require(
                standardDeviation >= 0 && Double.isFinite(standardDeviation),
                "standard deviation " + standardDeviation + " must be finite and not negative");
        Fill fill = new Fill(tensor.address(), seed, hash(name), mean, standardDeviation, firstElement);
        compute.profile()
                .time(check.operation(), 0, () -> Blocks.split(compute, tensor.count(), BLOCK, fill::elements));
    }

    /** Where normal numbers go. */
    private record Fill(
            long address, long seed, long nameHash, double mean, double standardDeviation, long firstElement) {
        /** Elements {@code from} until {@code from + count} of the tensor, pair by pair. */
        void elements(long from, int count) {
            long first = firstElement + from;
            long last = first + count - 1;
            for (long pair = first / 2; pair <= last / 2; pair++) {
                Bits bits = philox(seed, pair, nameHash);
                double radius = radius(bits);
                double angle = angle(bits);
                if (2 * pair >= first) {
                    set(2 * pair, radius * StrictMath.cos(angle));
                }
                if (2 * pair + 1 <= last) {
                    set(2 * pair + 1, radius * StrictMath.sin(angle));
                }
            }
        }

        private void set(long element, double value) {
            Addresses.setFloat(address, element - firstElement, (float) (mean + standardDeviation * value));
        }
    }

    /** 64-bit FNV-1a of the UTF-8 bytes. */
    static long hash(String name) {
        long hash = FNV_OFFSET;
        for (byte next : name.getBytes(StandardCharsets.UTF_8)) {
            hash = (hash ^ (next & 0xFF)) * FNV_PRIME;
        }
        return hash;
    }

    private static Bits philox(long key, long counterLow, long counterHigh) {
        int c0 = (int) counterLow;
        int c1 = (int) (counterLow >>> 32);
        int c2 = (int) counterHigh;
        int c3 = (int) (counterHigh >>> 32);
        int k0 = (int) key;
        int k1 = (int) (key >>> 32);
        for (int round = 0; round < ROUNDS; round++) {
            long product0 = (MULTIPLIER_0 & LOW) * (c0 & LOW);
            long product1 = (MULTIPLIER_1 & LOW) * (c2 & LOW);
            int next0 = (int) (product1 >>> 32) ^ c1 ^ k0;
            int next2 = (int) (product0 >>> 32) ^ c3 ^ k1;
            c1 = (int) product1;
            c3 = (int) product0;
            c0 = next0;
            c2 = next2;
            k0 += WEYL_0;
            k1 += WEYL_1;
        }
        return new Bits((c0 & LOW) | ((long) c1 << 32), (c2 & LOW) | ((long) c3 << 32));
    }

    /** The generator itself, for a test against its published figures. */
    static long[] block(long key, long counterLow, long counterHigh) {
        Bits bits = philox(key, counterLow, counterHigh);
        return new long[] {bits.first, bits.second};
    }
}
