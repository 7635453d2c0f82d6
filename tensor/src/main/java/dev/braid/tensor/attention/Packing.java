package dev.braid.tensor.attention;

import static dev.braid.tensor.attention.Lanes.ALL;
import static dev.braid.tensor.attention.Lanes.FLOATS;
import static dev.braid.tensor.attention.Lanes.INTS;
import static dev.braid.tensor.attention.Lanes.LANES;
import static dev.braid.tensor.attention.Lanes.ORDER;
import static dev.braid.tensor.attention.Lanes.SHORT;
import static dev.braid.tensor.attention.Lanes.SHORTS;
import static dev.braid.tensor.attention.Lanes.get;
import static dev.braid.tensor.attention.Lanes.set;

import dev.braid.tensor.DType;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/** Moves rows of a head between tensors and packed f32 tiles whose rows are padded by zeros to whole panels. */
public final class Packing {
    private Packing() {}

    /**
     * Packs {@code rows} rows of {@code head} from row {@code first}, each times {@code factor}, and fills up to
     * {@code padded} rows by zeros.
     */
    public static void rows(
            Operand source, long first, int head, int size, int rows, int padded, float factor, long target) {
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
            FloatVector.fromMemorySegment(FLOATS, ALL, from + 4L * column, ORDER)
                    .mul(factor)
                    .intoMemorySegment(ALL, to + 4L * column, ORDER);
        }
        for (int column = whole; column < size; column++) {
            set(to + 4L * column, get(from + 4L * column) * factor);
        }
        zeroTail(to, size);
    }

    private static void rowBf16(long from, int size, float factor, long to) {
        int whole = FLOATS.loopBound(size);
        for (int column = 0; column < whole; column += LANES) {
            ShortVector halves = ShortVector.fromMemorySegment(SHORTS, ALL, from + 2L * column, ORDER);
            IntVector bits = (IntVector) halves.convertShape(VectorOperators.ZERO_EXTEND_S2I, INTS, 0);
            FloatVector values = bits.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
            values.mul(factor).intoMemorySegment(ALL, to + 4L * column, ORDER);
        }
        for (int column = whole; column < size; column++) {
            float value = DType.fromBf16(ALL.get(SHORT, from + 2L * column));
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
    public static void zero(long target, long count) {
        FloatVector zero = FloatVector.zero(FLOATS);
        for (long i = 0; i < count; i += LANES) {
            zero.intoMemorySegment(ALL, target + 4 * i, ORDER);
        }
    }

    /**
     * Transposes a packed tile of {@code rows} rows: element (row, column) goes to {@code column * rows + row}.
     */
    public static void transpose(long source, int size, int rows, long target) {
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
    public static void unpack(long source, float factor, Operand target, long row, int head, int size) {
        long to = target.at(row, head);
        if (target.bf16()) {
            unpackBf16(source, factor, to, size);
        } else {
            unpackF32(source, factor, to, size);
        }
    }

    private static void unpackF32(long source, float factor, long to, int size) {
        int whole = FLOATS.loopBound(size);
        for (int column = 0; column < whole; column += LANES) {
            FloatVector.fromMemorySegment(FLOATS, ALL, source + 4L * column, ORDER)
                    .mul(factor)
                    .intoMemorySegment(ALL, to + 4L * column, ORDER);
        }
        for (int column = whole; column < size; column++) {
            set(to + 4L * column, get(source + 4L * column) * factor);
        }
    }

    /** Rounds to nearest, ties to even; a NaN stays a NaN. */
    private static void unpackBf16(long source, float factor, long to, int size) {
        int whole = FLOATS.loopBound(size);
        for (int column = 0; column < whole; column += LANES) {
            FloatVector values = FloatVector.fromMemorySegment(FLOATS, ALL, source + 4L * column, ORDER)
                    .mul(factor);
            IntVector bits = values.reinterpretAsInts();
            IntVector odd = bits.lanewise(VectorOperators.LSHR, 16).and(1);
            VectorMask<Integer> nan = values.compare(VectorOperators.NE, values).cast(INTS);
            IntVector high = bits.add(0x7FFF).add(odd).blend(bits.or(0x400000), nan);
            ShortVector halves =
                    (ShortVector) high.lanewise(VectorOperators.LSHR, 16).convertShape(VectorOperators.I2S, SHORTS, 0);
            halves.intoMemorySegment(ALL, to + 2L * column, ORDER);
        }
        for (int column = whole; column < size; column++) {
            ALL.set(SHORT, to + 2L * column, DType.toBf16(get(source + 4L * column) * factor));
        }
    }
}
