package dev.braid.parallelism.engine;

import dev.braid.parallelism.ReduceOp;
import dev.braid.tensor.DType;
import dev.braid.tensor.ops.CollectiveReduction;
import java.util.ArrayDeque;
import java.util.BitSet;

/**
 * Combines one range of all contributors, segment by segment, each as soon as it is there from all: element by element in the
 * order of the contributors, whatever the order of arrival.
 *
 * <p>Contributions that are read in place are never copied. Those that arrive in frames are kept in staging until the segment
 * is complete, but for the last one, which is added straight from its frame.
 */
final class OrderedSum implements Task {
    private final Engine engine;
    private final Operation operation;
    private final DType dtype;
    private final ReduceOp op;
    private final float scale;
    private final int contributors;
    private final long bytes;
    private final long target;
    private final int segments;
    private final Prefix prefix;

    private final long[] addresses;
    private final int[] staged;
    private final Staging.Block[] blocks;
    private final int[] missing;
    private final Inbound[] inbounds;
    private final boolean[] inPlace;
    private final long[] sources;
    private final ArrayDeque<Integer> ready = new ArrayDeque<>();
    private final BitSet held = new BitSet();
    private boolean open;
    private boolean scheduled;
    private int left;

    /**
     * @param target where the result goes; it may be the place of one contributor of this rank
     * @param open false while the target may not be written yet; see {@link #open}
     */
    OrderedSum(
            Operation operation,
            DType dtype,
            ReduceOp op,
            float scale,
            int contributors,
            long bytes,
            long target,
            boolean open,
            Prefix prefix) {
        this.engine = operation.engine;
        this.operation = operation;
        this.dtype = dtype;
        this.op = op;
        this.scale = scale;
        this.contributors = contributors;
        this.bytes = bytes;
        this.target = target;
        this.open = open;
        this.prefix = prefix;
        this.segments = Math.toIntExact((bytes + Pieces.SEGMENT - 1) / Pieces.SEGMENT);
        int cells = Math.multiplyExact(contributors, segments);
        addresses = new long[cells];
        staged = new int[cells];
        blocks = new Staging.Block[cells];
        missing = new int[segments];
        java.util.Arrays.fill(missing, contributors);
        inbounds = new Inbound[contributors];
        inPlace = new boolean[contributors];
        sources = new long[contributors];
        left = segments;
        operation.expect(1);
        if (segments == 0) {
            operation.completed();
        }
    }

    /** Contributor {@code index} is this rank, and its part is all there. */
    void own(int index, long address) {
        for (int segment = 0; segment < segments; segment++) {
            addresses[cell(index, segment)] = address + (long) segment * Pieces.SEGMENT;
            arrived(segment);
        }
    }

    /** Where the part of contributor {@code index} is to be delivered. */
    Sink sink(int index) {
        return new Sink() {
            @Override
            public void piece(long offset, long address, int count) {
                pieces(index, offset, address, count);
            }

            @Override
            public void reference(long offset, long address, long count) {
                references(index, offset, address, count);
            }
        };
    }

    void of(int index, Inbound inbound) {
        inbounds[index] = inbound;
    }

    /** From now on the target may be written. */
    void open() {
        open = true;
        for (int segment = held.nextSetBit(0); segment >= 0; segment = held.nextSetBit(segment + 1)) {
            enqueue(segment);
        }
        held.clear();
    }

    private void pieces(int index, long offset, long address, int count) {
        long end = offset + count;
        for (long at = offset; at < end; ) {
            int segment = (int) (at / Pieces.SEGMENT);
            int inside = (int) (at % Pieces.SEGMENT);
            int whole = size(segment);
            int part = (int) Math.min(whole - inside, end - at);
            long from = address + (at - offset);
            int cell = cell(index, segment);
            if (part == whole && missing[segment] == 1 && open) {
                addresses[cell] = from;
                missing[segment] = 0;
                add(segment);
            } else {
                stage(cell, segment, inside, from, part, whole);
            }
            at += part;
        }
    }

    private void stage(int cell, int segment, int inside, long from, int part, int whole) {
        if (blocks[cell] == null) {
            blocks[cell] = engine.staging.take(whole);
            addresses[cell] = blocks[cell].address();
        }
        dev.braid.tensor.kernels.Addresses.copy(from, addresses[cell] + inside, part);
        staged[cell] += part;
        if (staged[cell] == whole) {
            arrived(segment);
        }
    }

    private void references(int index, long offset, long address, long count) {
        inPlace[index] = true;
        int first = (int) (offset / Pieces.SEGMENT);
        int last = (int) ((offset + count - 1) / Pieces.SEGMENT);
        for (int segment = first; segment <= last; segment++) {
            addresses[cell(index, segment)] = address + (long) segment * Pieces.SEGMENT - offset;
            arrived(segment);
        }
    }

    private void arrived(int segment) {
        if (--missing[segment] == 0) {
            if (open) {
                enqueue(segment);
            } else {
                held.set(segment);
            }
        }
    }

    private void enqueue(int segment) {
        ready.add(segment);
        if (!scheduled) {
            scheduled = true;
            engine.schedule(this);
        }
    }

    @Override
    public long step(long limit) {
        long done = 0;
        while (done < limit && !ready.isEmpty()) {
            if (!add(ready.peek())) {
                return done;
            }
            done += (long) size(ready.poll()) * contributors;
        }
        return done;
    }

    @Override
    public boolean idle() {
        scheduled = !ready.isEmpty();
        return !scheduled;
    }

    /** False when a contributor has withdrawn its memory. */
    private boolean add(int segment) {
        int size = size(segment);
        int entered = 0;
        boolean all = true;
        while (entered < contributors && all) {
            all = !inPlace[entered] || engine.memory.enter(inbounds[entered].peer.address);
            entered += all ? 1 : 0;
        }
        if (all) {
            combine(segment, size);
        }
        for (int index = 0; index < entered; index++) {
            if (inPlace[index]) {
                engine.memory.leave(inbounds[index].peer.address);
            }
        }
        if (all) {
            added(segment, size);
        }
        return all;
    }

    private void combine(int segment, int size) {
        for (int index = 0; index < contributors; index++) {
            sources[index] = addresses[cell(index, segment)];
        }
        long at = target + (long) segment * Pieces.SEGMENT;
        long count = size / dtype.bytes();
        if (op == ReduceOp.MAX) {
            CollectiveReduction.max(dtype, sources, contributors, at, count);
        } else {
            CollectiveReduction.sum(dtype, sources, contributors, at, count, scale);
        }
    }

    private void added(int segment, int size) {
        for (int index = 0; index < contributors; index++) {
            int cell = cell(index, segment);
            if (blocks[cell] != null) {
                blocks[cell].release();
                blocks[cell] = null;
            }
        }
        prefix.add((long) segment * Pieces.SEGMENT, size);
        left--;
        for (int index = 0; index < contributors; index++) {
            if (inPlace[index]) {
                inbounds[index].consumed(size);
            }
        }
        if (left == 0) {
            operation.completed();
        }
    }

    /** Gives staging back after a failure. */
    void drop() {
        for (int cell = 0; cell < blocks.length; cell++) {
            if (blocks[cell] != null) {
                blocks[cell].release();
                blocks[cell] = null;
            }
        }
    }

    private int cell(int index, int segment) {
        return segment * contributors + index;
    }

    private int size(int segment) {
        return (int) Math.min(Pieces.SEGMENT, bytes - (long) segment * Pieces.SEGMENT);
    }
}
