package dev.braid.tensor.kernels;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;

/**
 * A loop that the JIT compiler must not inline into its callers. Vector operations cost the compiler many nodes; where a caller, with
 * all that was inlined into it, has used up the nodes that C2 allows for inlining (18,000), it calls what is left of a loop's body and
 * allocates every vector that goes in or comes out: the loop is then some five times slower than by itself. Behind a handle that is
 * no constant a loop is always compiled by itself, at some nanoseconds a call. For loops over rows
 * with an exponential in them, and for such as a large caller runs one after the other.
 */
public final class OutOfLine {
    /** Not final: a constant would be inlined. */
    private MethodHandle loop;

    private OutOfLine(MethodHandle loop) {
        this.loop = loop;
    }

    /** The static method {@code name} of the class of {@code lookup}, with these parameters and without a result. */
    public static OutOfLine of(MethodHandles.Lookup lookup, String name, Class<?>... parameters) {
        MethodType type = MethodType.methodType(void.class, parameters);
        try {
            return new OutOfLine(lookup.findStatic(lookup.lookupClass(), name, type));
        } catch (ReflectiveOperationException missing) {
            throw new ExceptionInInitializerError(missing);
        }
    }

    /** The same for a loop that takes a record with all that it needs. */
    static OutOfLine ofRecord(MethodHandles.Lookup lookup, String name, Class<? extends Record> parameter) {
        OutOfLine found = of(lookup, name, parameter);
        return new OutOfLine(found.loop.asType(MethodType.methodType(void.class, Record.class)));
    }

    /** Runs a loop of {@link #ofRecord}. */
    void run(Record parameter) {
        try {
            loop.invokeExact(parameter);
        } catch (Throwable failure) {
            throw rethrown(failure);
        }
    }

    /** Runs a loop of (long, long, int). */
    void run(long x, long out, int count) {
        try {
            loop.invokeExact(x, out, count);
        } catch (Throwable failure) {
            throw rethrown(failure);
        }
    }

    /** Runs a loop of (long, long, long, long). */
    public void run(long x, long y, long out, long count) {
        try {
            loop.invokeExact(x, y, out, count);
        } catch (Throwable failure) {
            throw rethrown(failure);
        }
    }

    /** Runs a loop of (float, long, long, long). */
    public void run(float x, long y, long out, long count) {
        try {
            loop.invokeExact(x, y, out, count);
        } catch (Throwable failure) {
            throw rethrown(failure);
        }
    }

    /** Runs a loop of (long, long, long, int, int). */
    public void run(long x, long y, long out, int rows, int columns) {
        try {
            loop.invokeExact(x, y, out, rows, columns);
        } catch (Throwable failure) {
            throw rethrown(failure);
        }
    }

    private static RuntimeException rethrown(Throwable failure) {
        if (failure instanceof Error error) {
            throw error;
        }
        return failure instanceof RuntimeException runtime ? runtime : new IllegalStateException(failure);
    }
}
