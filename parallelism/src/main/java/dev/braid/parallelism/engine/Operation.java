package dev.braid.parallelism.engine;

import dev.braid.parallelism.Algorithm;
import dev.braid.parallelism.CommunicationException;
import dev.braid.parallelism.Handle;
import dev.braid.parallelism.ReduceOp;
import dev.braid.tensor.DType;
import dev.braid.tensor.Tensor;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongConsumer;

/**
 * A collective on this rank, from its start to its end. Subclasses say what is sent, received and computed; this class counts
 * what is outstanding. When nothing is, {@link #next} may start another stage, or the operation is done.
 */
abstract class Operation implements Handle {
    final Engine engine;
    final Group group;
    final OperationKind kind;
    final DType dtype;
    final ReduceOp op;
    final Algorithm algorithm;
    final long bytes;

    private final Signature signature;
    private final List<Inbound> inbounds = new ArrayList<>();
    private final List<Outbound> outbounds = new ArrayList<>();
    private final List<OrderedSum> sums = new ArrayList<>();
    private final List<Staging.Block> scratch = new ArrayList<>();
    private final List<Tensor> tensors = new ArrayList<>();
    private final AtomicLong exposed = new AtomicLong();
    private Runnable after = () -> {};
    private String callSite = "";
    private long sequence;
    private long startedNanos;
    private long endedNanos;
    private long sentBytes;
    private int outstanding;
    private boolean warned;
    private volatile boolean done;
    private volatile CommunicationException failure;

    Operation(
            Engine engine, Group group, OperationKind kind, DType dtype, ReduceOp op, Algorithm algorithm, long bytes) {
        this.engine = engine;
        this.group = group;
        this.kind = kind;
        this.dtype = dtype;
        this.op = op;
        this.algorithm = algorithm;
        this.bytes = bytes;
        this.signature = Signature.of(kind, dtype, op, algorithm);
    }

    /** Posts the first transfers. */
    abstract void start();

    /** Starts what comes when everything so far has completed. False when nothing does. */
    boolean next() {
        return false;
    }

    /** The key of a transfer with this rank of the group. */
    TransferKey key(int groupRank, int lane) {
        return new TransferKey(group.id, sequence, lane);
    }

    // ---- for subclasses ---------------------------------------------------------------------------------------------

    final int rank() {
        return group.rank;
    }

    final int size() {
        return group.size();
    }

    /** Receives {@code total} bytes into {@code target}; {@code grown} is told how many of them are there from the front. */
    final void receive(int from, int lane, long total, long target, LongConsumer grown) {
        if (total > 0) {
            CopySink sink = new CopySink(engine, target, new Prefix(grown));
            post(from, lane, total, sink, sink::of);
        }
    }

    /** Receives the part of contributor {@code index} of a sum. */
    final void receive(int from, int lane, long total, OrderedSum sum, int index) {
        if (total > 0) {
            post(from, lane, total, sum.sink(index), inbound -> sum.of(index, inbound));
        }
    }

    /** Receives a message without bytes. */
    final void receiveSignal(int from, int lane) {
        post(from, lane, 0, null, inbound -> {});
    }

    private void post(int from, int lane, long total, Sink sink, java.util.function.Consumer<Inbound> made) {
        Peer peer = engine.peer(group.members.get(from));
        Inbound inbound = new Inbound(this, peer, key(from, lane), total, sink);
        made.accept(inbound);
        inbounds.add(inbound);
        expect(1);
        peer.post(inbound);
    }

    /** Sends {@code total} bytes at {@code address}, of which the first {@code available} are there already. */
    final Outbound send(int to, int lane, long address, long total, long available) {
        Peer peer = engine.peer(group.members.get(to));
        Outbound outbound = new Outbound(this, peer, key(to, lane), address, total, available);
        outbounds.add(outbound);
        expect(1);
        engine.count(peer.rank, total);
        sentBytes += total;
        peer.post(outbound);
        return outbound;
    }

    final OrderedSum sum(int contributors, long sumBytes, long target, float scale, boolean open, LongConsumer grown) {
        OrderedSum sum =
                new OrderedSum(this, dtype, op, scale, contributors, sumBytes, target, open, new Prefix(grown));
        sums.add(sum);
        return sum;
    }

    /** Copies bytes of this rank; nothing when source and target are the same. */
    final void copy(long source, long target, long count) {
        if (count > 0 && source != target) {
            expect(1);
            long[] left = {count};
            engine.schedule(new CopyTask(engine, null, source, target, count, copied -> {
                left[0] -= copied;
                if (left[0] == 0) {
                    completed();
                }
            }));
        }
    }

    /** Scratch that is given back when the operation ends. */
    final long scratch(long count) {
        Staging.Block block = engine.staging.take(Math.max(1, count));
        scratch.add(block);
        return block.address();
    }

    /** Factor that turns the sum into what was asked for. */
    final float scale() {
        return op == ReduceOp.MEAN ? 1f / size() : 1f;
    }

    // ---- counting ---------------------------------------------------------------------------------------------------

    final void expect(int count) {
        outstanding += count;
    }

    /** One of the outstanding things is complete. */
    final void completed() {
        if (--outstanding > 0 || done) {
            return;
        }
        boolean more;
        do {
            outstanding++; // what comes early may complete the stage while it is being set up
            more = next();
            outstanding--;
        } while (more && outstanding == 0);
        if (outstanding == 0) {
            finish(null);
        }
    }

    /** A transfer has been sent, and read where it was read in place. */
    void handedOver() {
        completed();
    }

    // ---- life -------------------------------------------------------------------------------------------------------

    final Operation keep(Tensor... kept) {
        for (Tensor tensor : kept) {
            tensors.add(tensor.retain());
        }
        return this;
    }

    /** What runs, under the engine's lock, when the operation has ended well. */
    final Operation then(Runnable action) {
        after = action;
        return this;
    }

    /** Its place among the operations of its group. */
    final void number(long number) {
        sequence = number;
    }

    final void begin(String site, long now) {
        callSite = site;
        startedNanos = now;
        outstanding = 1; // until all of the first stage is posted
        start();
        completed();
    }

    private void finish(CommunicationException cause) {
        failure = cause;
        endedNanos = engine.now();
        for (Inbound inbound : inbounds) {
            inbound.peer.forget(inbound);
        }
        for (Outbound outbound : outbounds) {
            outbound.peer.forget(outbound);
        }
        sums.forEach(OrderedSum::drop);
        sums.clear();
        scratch.forEach(Staging.Block::release);
        scratch.clear();
        if (cause == null) {
            inbounds.clear();
            outbounds.clear();
        }
        engine.ended(this);
        for (Tensor tensor : tensors) {
            if (tensor.alive()) {
                tensor.release();
            }
        }
        tensors.clear();
        done = true;
        if (cause == null) {
            after.run();
            engine.requireNothingEarly(this);
        }
    }

    final void fail(CommunicationException cause) {
        if (!done) {
            finish(cause);
        }
    }

    final Signature signature() {
        return signature;
    }

    final long sequence() {
        return sequence;
    }

    /** The number by which its ranks know it. */
    long number() {
        return sequence;
    }

    final String callSite() {
        return callSite;
    }

    final long startedNanos() {
        return startedNanos;
    }

    /** What it has sent other ranks so far. */
    final long sentBytes() {
        return sentBytes;
    }

    final boolean started() {
        return !callSite.isEmpty();
    }

    final long endedNanos() {
        return endedNanos;
    }

    final CommunicationException failure() {
        return failure;
    }

    /** World ranks from which something is still to come, or which have not taken what they were sent. */
    SortedSet<Integer> waitingFor() {
        SortedSet<Integer> ranks = new TreeSet<>();
        for (Inbound inbound : inbounds) {
            if (!inbound.isDone()) {
                ranks.add(inbound.peer.rank);
            }
        }
        if (ranks.isEmpty()) {
            for (Outbound outbound : outbounds) {
                if (!outbound.isDone()) {
                    ranks.add(outbound.peer.rank);
                }
            }
        }
        return ranks;
    }

    /** Bytes that have arrived, and that are expected. */
    final long[] arrival() {
        long[] counts = new long[2];
        for (Inbound inbound : inbounds) {
            counts[0] += inbound.receivedBytes();
            counts[1] += inbound.total;
        }
        return counts;
    }

    /** Once per operation: true when it has waited for {@code limit}. */
    final boolean slow(long now, long limit) {
        if (!warned && now - startedNanos > limit) {
            warned = true;
            return true;
        }
        return false;
    }

    /** Operation, number, group, size and call site, for a message. */
    final String describe() {
        return kind + " " + number() + " of group " + group + ", " + bytes + " bytes of "
                + dtype.name().toLowerCase(Locale.ROOT) + ", called at " + callSite;
    }

    // ---- the handle -------------------------------------------------------------------------------------------------

    @Override
    public final boolean done() {
        return done;
    }

    @Override
    public final void await() {
        engine.await(this, Long.MAX_VALUE);
    }

    @Override
    public final boolean await(Duration time) {
        return engine.await(this, time.toNanos());
    }

    @Override
    public final void cancel() {
        engine.cancel(this);
    }

    @Override
    public final long exposedNanos() {
        return exposed.get();
    }

    final void addExposed(long nanos) {
        exposed.addAndGet(nanos);
    }
}
