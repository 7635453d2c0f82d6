package dev.braid.tensor.kernels;

import static dev.braid.tensor.kernels.Addresses.getByte;
import static dev.braid.tensor.kernels.Addresses.getFloat;
import static dev.braid.tensor.kernels.Addresses.getInt;
import static dev.braid.tensor.kernels.Addresses.getShort;
import static dev.braid.tensor.kernels.Addresses.setByte;
import static dev.braid.tensor.kernels.Addresses.setFloat;
import static dev.braid.tensor.kernels.Addresses.setInt;
import static dev.braid.tensor.kernels.Addresses.setShort;

import dev.braid.tensor.DType;

/** The static methods do elements {@code from} until {@code to}; the vector kernels' tails use them too. */
final class ScalarCollective implements CollectiveKernels {
    @Override
    public void sumFloats(long[] sources, int n, long target, long count, float scale) {
        sumFloats(sources, n, target, 0, count, scale);
    }

    static void sumFloats(long[] sources, int n, long target, long from, long to, float scale) {
        for (long i = from; i < to; i++) {
            float sum = getFloat(sources[0], i);
            for (int source = 1; source < n; source++) {
                sum += getFloat(sources[source], i);
            }
            setFloat(target, i, sum * scale);
        }
    }

    @Override
    public void sumHalves(long[] sources, int n, long target, long count, float scale) {
        sumHalves(sources, n, target, 0, count, scale);
    }

    static void sumHalves(long[] sources, int n, long target, long from, long to, float scale) {
        for (long i = from; i < to; i++) {
            float sum = DType.fromBf16(getShort(sources[0], i));
            for (int source = 1; source < n; source++) {
                sum += DType.fromBf16(getShort(sources[source], i));
            }
            setShort(target, i, DType.toBf16(sum * scale));
        }
    }

    @Override
    public void sumInts(long[] sources, int n, long target, long count) {
        sumInts(sources, n, target, 0, count);
    }

    static void sumInts(long[] sources, int n, long target, long from, long to) {
        for (long i = from; i < to; i++) {
            int sum = getInt(sources[0], i);
            for (int source = 1; source < n; source++) {
                sum += getInt(sources[source], i);
            }
            setInt(target, i, sum);
        }
    }

    @Override
    public void maxFloats(long[] sources, int n, long target, long count) {
        maxFloats(sources, n, target, 0, count);
    }

    static void maxFloats(long[] sources, int n, long target, long from, long to) {
        for (long i = from; i < to; i++) {
            float max = getFloat(sources[0], i);
            for (int source = 1; source < n; source++) {
                max = Math.max(max, getFloat(sources[source], i));
            }
            setFloat(target, i, max);
        }
    }

    @Override
    public void maxHalves(long[] sources, int n, long target, long count) {
        maxHalves(sources, n, target, 0, count);
    }

    static void maxHalves(long[] sources, int n, long target, long from, long to) {
        for (long i = from; i < to; i++) {
            float max = DType.fromBf16(getShort(sources[0], i));
            for (int source = 1; source < n; source++) {
                max = Math.max(max, DType.fromBf16(getShort(sources[source], i)));
            }
            setShort(target, i, DType.toBf16(max));
        }
    }

    @Override
    public void maxInts(long[] sources, int n, long target, long count) {
        maxInts(sources, n, target, 0, count);
    }

    static void maxInts(long[] sources, int n, long target, long from, long to) {
        for (long i = from; i < to; i++) {
            int max = getInt(sources[0], i);
            for (int source = 1; source < n; source++) {
                max = Math.max(max, getInt(sources[source], i));
            }
            setInt(target, i, max);
        }
    }

    @Override
    public void maxBytes(long[] sources, int n, long target, long count) {
        maxBytes(sources, n, target, 0, count);
    }

    static void maxBytes(long[] sources, int n, long target, long from, long to) {
        for (long i = from; i < to; i++) {
            byte max = getByte(sources[0] + i);
            for (int source = 1; source < n; source++) {
                max = (byte) Math.max(max, getByte(sources[source] + i));
            }
            setByte(target + i, max);
        }
    }
}
