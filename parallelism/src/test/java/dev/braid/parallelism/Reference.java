package dev.braid.parallelism;

import dev.braid.tensor.DType;

/** Collectives by plain loops, in the order of sums that they declare. */
final class Reference {
    private Reference() {}

    /** {@code ((x0 + x1) + x2) + ...}, then what {@code op} does to it, rounded once to {@code dtype}. */
    static float[] canonical(DType dtype, ReduceOp op, float[]... contributions) {
        float[] result = contributions[0].clone();
        for (int rank = 1; rank < contributions.length; rank++) {
            for (int i = 0; i < result.length; i++) {
                result[i] = combine(op, result[i], contributions[rank][i]);
            }
        }
        for (int i = 0; i < result.length; i++) {
            result[i] = rounded(dtype, result[i] * scale(op, contributions.length));
        }
        return result;
    }

    /** Slice j in the order j+1, j+2, ..., j, rounded at each hop. */
    static float[] ring(DType dtype, ReduceOp op, float[]... contributions) {
        int n = contributions.length;
        int count = contributions[0].length;
        float[] result = new float[count];
        for (int slice = 0; slice < n; slice++) {
            long end = Slices.start(count, n, slice) + Slices.size(count, n, slice);
            for (int i = (int) Slices.start(count, n, slice); i < end; i++) {
                float sum = contributions[(slice + 1) % n][i];
                for (int hop = 2; hop <= n; hop++) {
                    sum = combine(op, sum, contributions[(slice + hop) % n][i]);
                    sum = rounded(dtype, hop == n ? sum * scale(op, n) : sum);
                }
                result[i] = sum;
            }
        }
        return result;
    }

    /** A binary tree over the largest power of two of ranks, whose first leaves have taken in the ranks above; rounded at each. */
    static float[] doubling(DType dtype, ReduceOp op, float[]... contributions) {
        int n = contributions.length;
        int power = Integer.highestOneBit(n);
        float[] result = new float[contributions[0].length];
        for (int i = 0; i < result.length; i++) {
            float[] level = new float[power];
            for (int rank = 0; rank < power; rank++) {
                level[rank] = rank + power < n
                        ? rounded(dtype, combine(op, contributions[rank][i], contributions[rank + power][i]))
                        : contributions[rank][i];
            }
            for (int width = power / 2; width >= 1; width /= 2) {
                for (int pair = 0; pair < width; pair++) {
                    float sum = combine(op, level[2 * pair], level[2 * pair + 1]);
                    level[pair] = rounded(dtype, width == 1 ? sum * scale(op, n) : sum);
                }
            }
            result[i] = level[0];
        }
        return result;
    }

    /** The sum of each host's ranks, rounded, and of these in the order of the hosts, rounded. */
    static float[] hierarchical(DType dtype, ReduceOp op, int[][] hosts, float[]... contributions) {
        float[][] sums = new float[hosts.length][];
        for (int host = 0; host < hosts.length; host++) {
            float[][] here = new float[hosts[host].length][];
            for (int place = 0; place < here.length; place++) {
                here[place] = contributions[hosts[host][place]];
            }
            sums[host] = canonical(dtype, op == ReduceOp.MAX ? op : ReduceOp.SUM, here);
        }
        float[] result = new float[contributions[0].length];
        for (int i = 0; i < result.length; i++) {
            float sum = sums[0][i];
            for (int host = 1; host < hosts.length; host++) {
                sum = combine(op, sum, sums[host][i]);
            }
            result[i] = rounded(dtype, sum * scale(op, contributions.length));
        }
        return result;
    }

    private static float combine(ReduceOp op, float left, float right) {
        return op == ReduceOp.MAX ? Math.max(left, right) : left + right;
    }

    private static float scale(ReduceOp op, int ranks) {
        return op == ReduceOp.MEAN ? 1f / ranks : 1f;
    }

    /** Rounded as a tensor of {@code dtype} holds it. */
    static float rounded(DType dtype, float value) {
        return dtype == DType.BF16 ? DType.fromBf16(DType.toBf16(value)) : value;
    }

    /** Values for which the order of a sum matters, another for each rank; whole numbers from -100 to 100 for integers. */
    static float[] values(DType dtype, int rank, int count) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            int mixed = (i * 31 + rank * 17) % 201 - 100;
            values[i] = dtype.floating() ? rounded(dtype, mixed * (i % 3 == 0 ? 1e6f : 0.37f)) : mixed;
        }
        return values;
    }

    /** The {@link #values} of all ranks. */
    static float[][] contributions(DType dtype, int ranks, int count) {
        float[][] contributions = new float[ranks][];
        for (int rank = 0; rank < ranks; rank++) {
            contributions[rank] = values(dtype, rank, count);
        }
        return contributions;
    }
}
