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
                result[i] = op == ReduceOp.MAX
                        ? Math.max(result[i], contributions[rank][i])
                        : result[i] + contributions[rank][i];
            }
        }
        for (int i = 0; i < result.length; i++) {
            float scaled = op == ReduceOp.MEAN ? result[i] * (1f / contributions.length) : result[i];
            result[i] = rounded(dtype, scaled);
        }
        return result;
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
}
