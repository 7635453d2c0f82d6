package dev.braid.tensor;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * A dense row-major tensor in a rank's off-heap {@link Memory}. Slices and reshapes share the block.
 *
 * <p>Lifetime is counted by references: whoever allocates owns one, {@link #retain} adds one, {@link #release} gives one
 * back, and at zero the block returns to the memory. Use after that is an {@link IllegalStateException}. Reference counts
 * may be changed from any thread; elements have no synchronisation of their own.
 */
public final class Tensor {
    /** All of the address space; kernels read and write through it with absolute addresses. */
    private static final MemorySegment ALL = MemorySegment.NULL.reinterpret(Long.MAX_VALUE);

    private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;
    private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED;
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;

    private final Shape shape;
    private final DType dtype;
    private final Memory.Block block;
    private final long offset;

    Tensor(Shape shape, DType dtype, Memory.Block block, long offset) {
        this.shape = shape;
        this.dtype = dtype;
        this.block = block;
        this.offset = offset;
    }

    /** Extents. */
    public Shape shape() {
        return shape;
    }

    /** Element type. */
    public DType dtype() {
        return dtype;
    }

    /** Number of elements. */
    public long count() {
        return shape.count();
    }

    /** Bytes that the elements take. */
    public long bytes() {
        return shape.count() * dtype.bytes();
    }

    /** What the block is counted as: what it was allocated for, unless {@link #countAs} has changed that. */
    public Category category() {
        return block.category();
    }

    /** Counts the block as another category from now on: what was received, say, and is now held as an activation. */
    public void countAs(Category category) {
        block.countAs(category);
    }

    /**
     * Absolute address of the first element. Only code that computes (this module) or carries (parallelism) may call it: a
     * kernel that is given an address has no bounds, so its facade must have checked shape and liveness.
     */
    public long address() {
        if (!block.alive()) {
            throw new IllegalStateException("tensor " + this + " was released");
        }
        return block.address + offset;
    }

    /** True until the last reference is released and the memory is open. */
    public boolean alive() {
        return block.alive();
    }

    /** Adds a reference. Returns this. */
    public Tensor retain() {
        block.retain();
        return this;
    }

    /** Gives a reference back; the last one returns the block to the memory. */
    public void release() {
        block.release();
    }

    /** True while exactly one reference exists, so that its holder may write in place. */
    public boolean exclusive() {
        return block.exclusive();
    }

    /** Rows {@code from} until {@code from + rows} of the first dimension, sharing the block (no new reference). */
    public Tensor rows(long from, long rows) {
        long[] extents = shape.toArray();
        if (extents.length == 0 || from < 0 || rows < 0 || from + rows > extents[0]) {
            throw new IndexOutOfBoundsException("rows " + from + ".." + (from + rows) + " of " + this);
        }
        long stride = extents[0] == 0 ? 0 : shape.count() / extents[0];
        extents[0] = rows;
        return new Tensor(Shape.of(extents), dtype, block, offset + from * stride * dtype.bytes());
    }

    /** The same elements under another shape of the same count, sharing the block (no new reference). */
    public Tensor reshape(long... extents) {
        Shape other = Shape.of(extents);
        if (other.count() != shape.count()) {
            throw new IllegalArgumentException("cannot view " + this + " as " + other);
        }
        return new Tensor(other, dtype, block, offset);
    }

    /**
     * The bytes from byte {@code from} on as a tensor of another dtype and shape, sharing the block (no new reference). For
     * buffers in which several tensors lie one after the other.
     */
    public Tensor view(long from, DType type, Shape extents) {
        long size = Math.multiplyExact(extents.count(), type.bytes());
        if (from < 0 || size > bytes() - from) {
            throw new IndexOutOfBoundsException("bytes " + from + ".." + (from + size) + " of " + this);
        }
        return new Tensor(extents, type, block, offset + from);
    }

    /** Sets every byte to zero. */
    public void zero() {
        if (!block.memory.leavesUntouched(bytes())) {
            memory().fill((byte) 0);
        }
    }

    /** Element {@code index} of the flattened tensor, widened to float. For tests, set-up and export, not for kernels. */
    public float get(long index) {
        long at = check(index);
        return switch (dtype) {
            case F32 -> ALL.get(FLOAT, at);
            case BF16 -> DType.fromBf16(ALL.get(SHORT, at));
            case I32 -> ALL.get(INT, at);
            case I8 -> ALL.get(ValueLayout.JAVA_BYTE, at);
        };
    }

    /** Sets element {@code index} of the flattened tensor, rounded to the dtype (to even; integers truncate and stay within their range). */
    public void set(long index, float value) {
        long at = check(index);
        switch (dtype) {
            case F32 -> ALL.set(FLOAT, at, value);
            case BF16 -> ALL.set(SHORT, at, DType.toBf16(value));
            case I32 -> ALL.set(INT, at, (int) value);
            case I8 ->
                ALL.set(ValueLayout.JAVA_BYTE, at, (byte) Math.clamp((int) value, Byte.MIN_VALUE, Byte.MAX_VALUE));
        }
    }

    /** Element {@code index} of an I32 tensor. */
    public int getInt(long index) {
        requireDtype(DType.I32);
        return ALL.get(INT, check(index));
    }

    /** Sets element {@code index} of an I32 tensor. */
    public void setInt(long index, int value) {
        requireDtype(DType.I32);
        ALL.set(INT, check(index), value);
    }

    /** Copies {@code source} into an I32 tensor of the same count. */
    public void setInts(int[] source) {
        requireDtype(DType.I32);
        requireCount(source.length);
        MemorySegment.copy(source, 0, memory(), INT, 0, source.length);
    }

    /** All elements, widened to float. */
    public float[] toFloats() {
        float[] result = new float[Math.toIntExact(count())];
        for (int i = 0; i < result.length; i++) {
            result[i] = get(i);
        }
        return result;
    }

    /** Copies {@code source} into the tensor, rounded to its dtype. */
    public void setFloats(float[] source) {
        requireCount(source.length);
        for (int i = 0; i < source.length; i++) {
            set(i, source[i]);
        }
    }

    /** Copies the raw bytes of elements {@code from} until {@code from + count} into {@code target} (at its start). */
    public void copyTo(long from, long count, MemorySegment target) {
        MemorySegment.copy(slice(from, count), 0, target, 0, count * dtype.bytes());
    }

    /** Overwrites elements {@code from} until {@code from + count} with the raw bytes at the start of {@code source}. */
    public void copyFrom(long from, long count, MemorySegment source) {
        MemorySegment.copy(source, 0, slice(from, count), 0, count * dtype.bytes());
    }

    /** Copies all elements of {@code source}, which must have the same dtype and count. */
    public void copyFrom(Tensor source) {
        if (source.dtype != dtype || source.count() != count()) {
            throw new IllegalArgumentException("cannot copy " + source + " into " + this);
        }
        if (!block.memory.leavesUntouched(bytes())) {
            memory().copyFrom(source.memory());
        }
    }

    private MemorySegment slice(long from, long count) {
        if (from < 0 || count < 0 || from + count > count()) {
            throw new IndexOutOfBoundsException("elements " + from + ".." + (from + count) + " of " + this);
        }
        return memory().asSlice(from * dtype.bytes(), count * dtype.bytes());
    }

    private MemorySegment memory() {
        return ALL.asSlice(address(), bytes());
    }

    private long check(long index) {
        if (index < 0 || index >= count()) {
            throw new IndexOutOfBoundsException("element " + index + " of " + this);
        }
        return address() + index * dtype.bytes();
    }

    private void requireDtype(DType expected) {
        if (dtype != expected) {
            throw new IllegalStateException("expected " + expected + " but is " + this);
        }
    }

    private void requireCount(long expected) {
        if (count() != expected) {
            throw new IllegalArgumentException(expected + " elements do not fit " + this);
        }
    }

    @Override
    public String toString() {
        return dtype + shape.toString();
    }
}
