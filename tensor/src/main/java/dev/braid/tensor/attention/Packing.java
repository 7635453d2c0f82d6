package dev.braid.tensor.attention;

import static dev.braid.tensor.attention.Lanes.FLOATS;
import static dev.braid.tensor.attention.Lanes.LANES;
import static dev.braid.tensor.attention.Lanes.get;
import static dev.braid.tensor.attention.Lanes.load;
import static dev.braid.tensor.attention.Lanes.loadBf16;
import static dev.braid.tensor.attention.Lanes.set;
import static dev.braid.tensor.attention.Lanes.store;
import static dev.braid.tensor.attention.Lanes.storeBf16;

import dev.braid.tensor.DType;
import jdk.incubator.vector.FloatVector;

/** Moves rows of a head between tensors and packed f32 tiles whose rows are padded by zeros to whole panels. */
final class Packing {
    private Packing() {}

    /**
     * Packs {@code rows} rows of {@code head} from row {@code first}, each times {@code factor}, and fills up to
     * {@code padded} rows by zeros.
     */
    static void rows(Operand source, long first, int head, int size, int rows, int padded, float factor, long target) {
        long targetRow = 4L * Lanes.padded(size);
        for (int row = 0; row < rows; row++) {
            long from = source.at(first + row, head);
            long to = target + row * targetRow;
            if (source.bf16()) {
                rowBf16(from, size, factor, to);
            } else {
                row(from, size, factor, to);
            }
        }
        zero(target + rows * targetRow, (long) (padded - rows) * Lanes.padded(size));
    }

    private static void row(long from, int size, float factor, long to) {
        int whole = FLOATS.loopBound(size);
        for (int column = 0; column < whole; column += LANES) {
            store(load(from + 4L * column).mul(factor), to + 4L * column);
        }
        for (int column = whole; column < size; column++) {
            set(to + 4L * column, get(from + 4L * column) * factor);
        }
        zeroTail(to, size);
    }

    private static void rowBf16(long from, int size, float factor, long to) {
        int whole = FLOATS.loopBound(size);
        for (int column = 0; column < whole; column += LANES) {
            store(loadBf16(from + 2L * column).mul(factor), to + 4L * column);
        }
        for (int column = whole; column < size; column++) {
            float value = DType.fromBf16(Lanes.ALL.get(Lanes.SHORT, from + 2L * column));
            set(to + 4L * column, value * factor);
        }
        zeroTail(to, size);
    }

    private static void zeroTail(long to, int size) {
        for (int column = size; column < Lanes.padded(size); column++) {
            set(to + 4L * column, 0);
        }
    }

    /** Zeroes {@code count} floats, a multiple of a vector. */
    static void zero(long target, long count) {
        FloatVector zero = FloatVector.zero(FLOATS);
        for (long i = 0; i < count; i += LANES) {
            store(zero, target + 4 * i);
        }
    }

    /**
     * Transposes a packed tile of {@code rows} rows: element (row, column) goes to {@code column * rows + row}.
     */
    static void transpose(long source, int size, int rows, long target) {
        long sourceRow = 4L * Lanes.padded(size);
        long targetRow = 4L * rows;
        for (int row = 0; row < rows; row++) {
            long from = source + row * sourceRow;
            long to = target + 4L * row;
            for (int column = 0; column < size; column++) {
                set(to + column * targetRow, get(from + 4L * column));
            }
        }
    }

    /** Writes a packed row, times {@code factor}, to {@code row} of {@code head}, rounded to the dtype there. */
    static void unpack(long source, float factor, Operand target, long row, int head, int size) {
        long to = target.at(row, head);
        int whole = FLOATS.loopBound(size);
        if (target.bf16()) {
            for (int column = 0; column < whole; column += LANES) {
                storeBf16(load(source + 4L * column).mul(factor), to + 2L * column);
            }
            for (int column = whole; column < size; column++) {
                Lanes.ALL.set(Lanes.SHORT, to + 2L * column, DType.toBf16(get(source + 4L * column) * factor));
            }
        } else {
            for (int column = 0; column < whole; column += LANES) {
                store(load(source + 4L * column).mul(factor), to + 4L * column);
            }
            for (int column = whole; column < size; column++) {
                set(to + 4L * column, get(source + 4L * column) * factor);
            }
        }
    }
}
