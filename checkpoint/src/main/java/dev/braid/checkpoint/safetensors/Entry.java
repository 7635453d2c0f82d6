package dev.braid.checkpoint.safetensors;

import dev.braid.checkpoint.ElementSource;
import dev.braid.checkpoint.Staging;
import dev.braid.tensor.DType;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import java.lang.foreign.MemorySegment;

/**
 * A tensor to be written.
 *
 * @param name name in the file
 * @param type element type in the file, of whole bytes
 * @param shape extents
 * @param source its elements, in {@code type}
 */
public record Entry(String name, ElementType type, Shape shape, ElementSource source) {
    /** Refuses types smaller than a byte. */
    public Entry {
        type.bytes();
    }

    /** {@code tensor} in its own dtype. It must live until it is written. */
    public static Entry of(String name, Tensor tensor) {
        return new Entry(name, ElementType.of(tensor.dtype()), tensor.shape(), ElementSource.of(tensor));
    }

    /** An I64 tensor of the given values. */
    public static Entry of(String name, Shape shape, long[] values) {
        return new Entry(name, ElementType.I64, shape, arraySource(MemorySegment.ofArray(values), Long.BYTES));
    }

    /** An I32 tensor of the given values. */
    public static Entry of(String name, Shape shape, int[] values) {
        return new Entry(name, ElementType.I32, shape, arraySource(MemorySegment.ofArray(values), Integer.BYTES));
    }

    /** An F32 tensor of the given values. */
    public static Entry of(String name, Shape shape, float[] values) {
        return new Entry(name, ElementType.F32, shape, arraySource(MemorySegment.ofArray(values), Float.BYTES));
    }

    /** {@code source}, which gives F32 or BF16 elements as {@code from} says, written as {@code type} (F32 or BF16). */
    public static Entry converted(String name, DType from, ElementType type, Shape shape, ElementSource source) {
        ElementType given = ElementType.of(from);
        if (given == type) {
            return new Entry(name, type, shape, source);
        }
        if (!Conversion.possible(given, type)) {
            throw new IllegalArgumentException(
                    "tensor \"" + name + "\" is " + from + " and cannot be written as " + type);
        }
        return new Entry(name, type, shape, (start, count, target) -> {
            try (Staging staging = new Staging(count * given.bytes())) {
                long step = staging.bytes() / given.bytes();
                for (long done = 0; done < count; done += step) {
                    long now = Math.min(step, count - done);
                    source.read(start + done, now, staging.segment());
                    Conversion.convert(given, staging.segment(), type, target.asSlice(done * type.bytes()), now);
                }
            }
        });
    }

    /** Bytes of the tensor's data. */
    public long bytes() {
        return Math.multiplyExact(shape.count(), type.bytes());
    }

    private static ElementSource arraySource(MemorySegment values, int size) {
        return (from, count, target) -> MemorySegment.copy(values, from * size, target, 0, count * size);
    }
}
