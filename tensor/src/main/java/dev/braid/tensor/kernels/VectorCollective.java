package dev.braid.tensor.kernels;

/**
 * Calls each kernel for short pieces: a loop that has just been compiled is entered at the next piece, where one long loop would
 * run on in the interpreter, hundreds of times slower.
 */
final class VectorCollective implements CollectiveKernels {
    private static final int PIECE = 4096;

    @Override
    public void sumFloats(long[] sources, int n, long target, long count, float scale) {
        if (n > VectorFloatCollective.MOST_STREAMS) {
            VectorFloatCollective.sumInTiles(sources, n, target, count, scale);
            return;
        }
        for (long from = 0; from < count; from += PIECE) {
            VectorFloatCollective.sum(sources, n, target, from, Math.min(count, from + PIECE), scale);
        }
    }

    @Override
    public void sumHalves(long[] sources, int n, long target, long count, float scale) {
        if (n > VectorHalfCollective.MOST_IN_REGISTERS) {
            VectorHalfCollective.sumInTiles(sources, n, target, count, scale);
            return;
        }
        for (long from = 0; from < count; from += PIECE) {
            VectorHalfCollective.sum(sources, n, target, from, Math.min(count, from + PIECE), scale);
        }
    }

    @Override
    public void sumInts(long[] sources, int n, long target, long count) {
        for (long from = 0; from < count; from += PIECE) {
            VectorIntegerCollective.sumInts(sources, n, target, from, Math.min(count, from + PIECE));
        }
    }

    @Override
    public void maxFloats(long[] sources, int n, long target, long count) {
        for (long from = 0; from < count; from += PIECE) {
            VectorFloatCollective.max(sources, n, target, from, Math.min(count, from + PIECE));
        }
    }

    @Override
    public void maxHalves(long[] sources, int n, long target, long count) {
        for (long from = 0; from < count; from += PIECE) {
            VectorHalfCollective.max(sources, n, target, from, Math.min(count, from + PIECE));
        }
    }

    @Override
    public void maxInts(long[] sources, int n, long target, long count) {
        for (long from = 0; from < count; from += PIECE) {
            VectorIntegerCollective.maxInts(sources, n, target, from, Math.min(count, from + PIECE));
        }
    }

    @Override
    public void maxBytes(long[] sources, int n, long target, long count) {
        for (long from = 0; from < count; from += PIECE) {
            VectorIntegerCollective.maxBytes(sources, n, target, from, Math.min(count, from + PIECE));
        }
    }
}
