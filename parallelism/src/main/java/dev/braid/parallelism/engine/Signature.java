package dev.braid.parallelism.engine;

import dev.braid.parallelism.Algorithm;
import dev.braid.parallelism.ReduceOp;
import dev.braid.tensor.DType;

/** What both ends of a transfer must agree on, beside its bytes: three bytes of its frames. */
record Signature(byte operation, byte dtype, byte variant) {
    /** Of frames that belong to no operation. */
    static final Signature NOTHING = new Signature((byte) 0, (byte) 0, (byte) 0);

    private static final int NONE = 15;

    static Signature of(OperationKind kind, DType dtype, ReduceOp op, Algorithm algorithm) {
        int reduce = op == null ? NONE : op.ordinal();
        return new Signature((byte) kind.ordinal(), (byte) dtype.ordinal(), (byte) (reduce << 4 | algorithm.ordinal()));
    }

    boolean matches(long frame) {
        return operation == Frame.operation(frame) && dtype == Frame.dtype(frame) && variant == Frame.variant(frame);
    }

    /** The signature of a received frame, for a message. */
    static String describe(long frame) {
        return new Signature(Frame.operation(frame), Frame.dtype(frame), Frame.variant(frame)).toString();
    }

    @Override
    public String toString() {
        int reduce = variant >> 4 & 15;
        int algorithm = variant & 15;
        return name(OperationKind.values(), operation) + " of " + name(DType.values(), dtype)
                + (reduce == NONE ? "" : ", " + name(ReduceOp.values(), reduce)) + ", "
                + name(Algorithm.values(), algorithm);
    }

    private static <E extends Enum<E>> String name(E[] values, int ordinal) {
        return ordinal >= 0 && ordinal < values.length
                ? values[ordinal].name().toLowerCase(java.util.Locale.ROOT)
                : "?";
    }
}
