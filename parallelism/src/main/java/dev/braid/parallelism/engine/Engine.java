package dev.braid.parallelism.engine;

import dev.braid.parallelism.CommunicationException;
import dev.braid.parallelism.CommunicationException.Kind;
import dev.braid.parallelism.CommunicationSettings;
import dev.braid.parallelism.Traffic;
import dev.braid.parallelism.control.ControlCodec;
import dev.braid.parallelism.control.ControlMessage;
import dev.braid.parallelism.control.Handshake;
import dev.braid.parallelism.control.MalformedMessageException;
import dev.braid.parallelism.transport.Outgoing;
import dev.braid.parallelism.transport.PeerMemory;
import dev.braid.parallelism.transport.RankAddress;
import dev.braid.parallelism.transport.SendResult;
import dev.braid.parallelism.transport.Transport;
import dev.braid.parallelism.transport.TransportFault;
import dev.braid.tensor.Memory;
import dev.braid.tensor.kernels.Addresses;
import dev.braid.tensor.trace.Recorder;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import java.util.stream.Collectors;
import java.util.zip.CRC32C;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The communication of one rank in one attempt: its links, the operations in flight, the failure of the attempt. See the
 * package for how it works. All state is guarded by one lock; {@link #poll} and every call from outside take it.
 */
public final class Engine {
    private static final Logger LOG = LoggerFactory.getLogger(Engine.class);

    /** Bytes of copies and sums between two looks at the transports: some 100 us. */
    private static final long TASK_BYTES = 2L << 20;

    private static final int FRAMES_A_POLL = 64;

    /** Most bytes that a message of a handshake has. */
    static final int CONTROL_BYTES = 4096;

    private static final long MOST_WAIT_NANOS = 50_000;

    final int rank;
    final CommunicationSettings settings;
    final PeerMemory memory;
    final Staging staging;
    final Handshake handshake;
    final long epoch;
    final long heartbeatNanos;
    final long silenceNanos;
    final long handshakeNanos;

    /** Fair: a thread that polls without end must not keep one from starting an operation. */
    private final ReentrantLock lock = new ReentrantLock(true);

    private final AtomicInteger waiting = new AtomicInteger();
    private final List<RankAddress> addresses;
    private final List<Transport> transports;
    private final List<Gate> gates = new ArrayList<>();
    private final LongSupplier clock;
    private final RandomGenerator random;
    private final Staging.Block header;
    private final CRC32C crc = new CRC32C();
    private final ControlCodec codec = new ControlCodec();

    private final Peer[] peers;
    private final List<Peer> linked = new ArrayList<>();
    private final Map<Integer, Group> groups = new HashMap<>();
    private final ArrayDeque<Task> tasks = new ArrayDeque<>();
    private final FlightRecord flight;

    private long nextTick = Long.MIN_VALUE;
    private long lastTick = Long.MIN_VALUE;
    private long messages;
    private long bytes;
    private final long[] bytesTo;
    private int moved;
    private int active;
    private boolean closed;
    private ControlMessage.Abort abort;
    private volatile CommunicationException failure;
    private volatile Recorder recorder = Recorder.NONE;

    /**
     * @param addresses of all ranks, in rank order
     * @param transports in order of preference: the first that reaches a peer carries its link
     * @param rankMemory of this rank, for scratch
     * @param clock nanoseconds from any origin
     * @param random for nonces; unpredictable, but in a simulation
     */
    public Engine(
            int rank,
            List<RankAddress> addresses,
            List<Transport> transports,
            PeerMemory memory,
            Memory rankMemory,
            CommunicationSettings settings,
            LongSupplier clock,
            RandomGenerator random) {
        this.rank = rank;
        this.addresses = List.copyOf(addresses);
        this.bytesTo = new long[addresses.size()];
        this.transports = List.copyOf(transports);
        this.memory = memory;
        this.staging = new Staging(rankMemory);
        this.settings = settings;
        this.clock = clock;
        this.random = random;
        this.handshake = new Handshake(settings);
        this.epoch = handshake.epoch();
        long deadline = settings.deadline().toNanos();
        this.heartbeatNanos = Math.min(deadline / 20, 1_000_000_000L);
        this.silenceNanos = deadline / 10 * 7;
        this.handshakeNanos = Math.min(deadline / 50, 100_000_000L);
        this.header = staging.take(Frame.HEADER + CONTROL_BYTES);
        this.peers = new Peer[addresses.size()];
        this.flight = new FlightRecord(this);
        transports.forEach(transport -> gates.add(new Gate(this, transport, crc)));
        // Neighbours are linked from the start, so that news of a failure reaches every rank whatever the groups are.
        if (addresses.size() > 1) {
            locked(() -> {
                peer((rank + 1) % addresses.size());
                peer((rank + addresses.size() - 1) % addresses.size());
            });
        }
    }

    // ---- polling ----------------------------------------------------------------------------------------------------

    /** Does what can be done now, without blocking. Returns how much that was, 0 when nothing. */
    public int poll() {
        lock.lock();
        try {
            return pollLocked();
        } finally {
            lock.unlock();
        }
    }

    /** As {@link #poll}, but 0 at once while another thread is at it: that one does what there is to do. */
    int tryPoll() {
        if (lock.hasQueuedThreads() || !lock.tryLock()) {
            return 0;
        }
        try {
            return pollLocked();
        } finally {
            lock.unlock();
        }
    }

    private int pollLocked() {
        if (closed) {
            return 0;
        }
        moved = 0;
        for (Gate gate : gates) {
            moved += gate.poll(FRAMES_A_POLL);
        }
        guarded(this::runTasks);
        guarded(this::flush);
        long now = now();
        if (now >= nextTick) {
            guarded(() -> tick(now));
        }
        return moved;
    }

    /** When {@link #poll} has to be called again at the latest, on the engine's clock. */
    public long nextPoll() {
        return nextTick;
    }

    private void runTasks() {
        long budget = TASK_BYTES;
        for (int turns = tasks.size(); turns > 0 && budget > 0; turns--) {
            Task task = tasks.poll();
            if (task == null) {
                return;
            }
            long done = task.step(budget);
            if (!task.idle()) {
                tasks.add(task);
            }
            if (done > 0) {
                moved++;
            }
            budget -= done;
        }
    }

    private void flush() {
        for (int i = 0; i < linked.size(); i++) {
            linked.get(i).flush();
        }
    }

    private void tick(long now) {
        // Who was stopped itself has not listened meanwhile: that is no silence of the others.
        long away = now - lastTick - heartbeatNanos;
        if (lastTick != Long.MIN_VALUE && away > 0) {
            linked.forEach(peer -> peer.excuse(away));
        }
        lastTick = now;
        nextTick = now + Math.min(handshakeNanos, heartbeatNanos) / 2;
        if (healthy()) {
            requireTransports();
        }
        for (int i = 0; i < linked.size(); i++) {
            Peer peer = linked.get(i);
            guarded(() -> peer.tick(now));
        }
        if (healthy()) {
            for (Group group : groups.values()) {
                for (Operation operation : group.active.values()) {
                    checkPatience(operation, now);
                }
            }
        }
    }

    /** The rank whose transport is gone knows the cause, and must say so before its peers accuse it of silence. */
    private void requireTransports() {
        for (Peer peer : linked) {
            Optional<TransportFault> cause = peer.owed() ? peer.transport().fault() : Optional.empty();
            if (cause.isPresent()) {
                throw transportFault(cause.get());
            }
        }
    }

    private void checkPatience(Operation operation, long now) {
        if (operation.started()
                && now - operation.startedNanos() > settings.patience().toNanos()) {
            SortedSet<Integer> ranks = operation.waitingFor();
            throw new EngineFault(
                    Kind.LATE,
                    ranks,
                    names(ranks) + (ranks.size() == 1 ? " lives but has" : " live but have") + " not come to it within "
                            + millis(settings.patience().toNanos()));
        }
        for (int waitedFor : operation.waitingFor()) {
            if (peers[waitedFor].leftBefore(now - heartbeatNanos)) {
                throw fault(Kind.CLOSED, waitedFor, addresses.get(waitedFor) + " has left already");
            }
        }
        if (operation.started() && operation.slow(now, settings.deadline().toNanos())) {
            LOG.warn(
                    "rank {} has waited {} for {}: {}",
                    rank,
                    millis(now - operation.startedNanos()),
                    names(operation.waitingFor()),
                    operation.describe());
        }
    }

    // ---- frames -----------------------------------------------------------------------------------------------------

    /** The gate of a transport. */
    Gate gate(Transport transport) {
        return gates.get(transports.indexOf(transport));
    }

    private long refused() {
        return gates.stream().mapToLong(Gate::refused).sum();
    }

    /** What a control frame says. */
    ControlMessage read(long frame) throws MalformedMessageException {
        byte[] payload = new byte[Frame.payloadBytes(frame)];
        Addresses.copyTo(frame + Frame.HEADER, payload);
        return codec.decode(payload);
    }

    ControlMessage decode(long frame) {
        try {
            return read(frame);
        } catch (MalformedMessageException malformed) {
            throw fault(
                    Kind.TRANSPORT,
                    Frame.source(frame),
                    "rank " + Frame.source(frame) + " sent a control message that cannot be read: "
                            + malformed.getMessage());
        }
    }

    byte[] encode(ControlMessage message) {
        return codec.encode(message);
    }

    /** Sends a message of the handshake. False when the channel does not take it now. */
    boolean sendControl(Outgoing out, Transport transport, byte kind, long key, ControlMessage message) {
        byte[] payload = encode(message);
        long frame = header();
        Frame.write(frame, kind, payload.length, epoch, rank);
        Addresses.copyFrom(payload, frame + Frame.HEADER);
        Frame.seal(frame, key, frame + Frame.HEADER, payload.length, transport.intact(), crc);
        return out.send(frame, Frame.HEADER, frame + Frame.HEADER, payload.length) == SendResult.SENT;
    }

    SendResult send(
            Outgoing out, Transport transport, long frame, long key, long payload, int payloadBytes, Peer peer) {
        Frame.seal(frame, key, payload, payloadBytes, transport.intact(), crc);
        SendResult result = out.send(frame, Frame.HEADER, payload, payloadBytes);
        if (result == SendResult.SENT) {
            moved++;
        } else if (result == SendResult.BROKEN) {
            peer.broken(out.fault());
        }
        return result;
    }

    long header() {
        return header.address();
    }

    // ---- operations -------------------------------------------------------------------------------------------------

    Peer peer(int other) {
        if (peers[other] == null) {
            RankAddress address = addresses.get(other);
            Transport transport = transports.stream()
                    .filter(candidate -> candidate.reaches(address))
                    .findFirst()
                    .orElseThrow(() -> fault(
                            Kind.TRANSPORT,
                            other,
                            address + " is out of reach: it offers "
                                    + address.endpoints().keySet()
                                    + ", and parallel.transport allows "
                                    + transports.stream().map(Transport::name).toList()));
            byte[] nonce = new byte[Handshake.NONCE_BYTES];
            random.nextBytes(nonce);
            peers[other] = new Peer(this, address, transport, nonce, now());
            linked.add(peers[other]);
            nextTick = Long.MIN_VALUE;
        }
        return peers[other];
    }

    Group group(String name, List<Integer> members) {
        Group group = new Group(name, members, rank);
        return locked(() -> {
            Group known = groups.putIfAbsent(group.id, group);
            if (known == null) {
                return group;
            }
            if (!known.name.equals(name) || !known.members.equals(members)) {
                throw new IllegalStateException("groups " + known + " and " + group + " have the same id: rename one");
            }
            return known;
        });
    }

    /** Makes and starts an operation, which gets the next sequence number of its group. */
    Operation begin(Group group, OperationKind kind, Supplier<Operation> maker) {
        String site = CallSite.find();
        lock.lock();
        try {
            requireHealthy(group, kind, site);
            Operation operation = maker.get();
            reserve(operation);
            begin(operation, site);
            if (group.size() > 1) {
                recorder.flight(new OperationFlight(operation));
            }
            pollLocked();
            return operation;
        } finally {
            lock.unlock();
        }
    }

    void record(Recorder listener) {
        recorder = listener;
    }

    /** Takes the next number of the operation's group without starting it, so that what comes for it is kept. */
    void reserve(Operation operation) {
        // Bystanders of a message do not count it, so it must not shift the numbers of collectives.
        long sequence = operation.kind == OperationKind.POINT_TO_POINT
                ? -(++operation.group.messages)
                : operation.group.issued++;
        operation.number(sequence);
        operation.group.active.put(sequence, operation);
        active++;
    }

    void begin(Operation operation, String site) {
        guarded(() -> {
            flight.add(operation);
            operation.begin(site, now());
        });
    }

    private void requireHealthy(Group group, OperationKind kind, String site) {
        String what = kind + " of group " + group + ", called at " + site;
        if (closed) {
            throw new CommunicationException(
                    Kind.CLOSED, new TreeSet<>(), what + ", comes too late: rank " + rank + " has left");
        }
        if (failure != null) {
            throw new CommunicationException(
                    failure.kind(),
                    new TreeSet<>(failure.missing()),
                    what + ", was not started on rank " + rank + ": the attempt has failed: " + failure.getMessage());
        }
    }

    void ended(Operation operation) {
        operation.group.active.remove(operation.sequence());
        active--;
    }

    void requireNothingEarly(Operation operation) {
        if (operation.kind != OperationKind.POINT_TO_POINT) {
            for (int i = 0; i < linked.size(); i++) {
                linked.get(i).requireNothingEarly(operation.group.id, operation.sequence());
            }
        }
    }

    void schedule(Task task) {
        tasks.add(task);
    }

    void moved() {
        moved++;
    }

    void wake(Peer peer) {
        nextTick = Math.min(nextTick, peer.nextWanted());
    }

    void count(int to, long transferBytes) {
        messages++;
        bytes += transferBytes;
        bytesTo[to] += transferBytes;
    }

    /** True when nothing of this rank can be waiting for the transfer: it is a late duplicate. */
    boolean stale(Peer peer, TransferKey key, boolean incoming) {
        Group group = groups.get(key.group());
        if (group == null) {
            return false; // this rank will create the group later
        }
        if (key.pointToPoint()) {
            int tag = key.lane() & ~TransferKey.POINT_TO_POINT;
            return key.sequence() < group.issuedPointToPoint(!incoming, group.members.indexOf(peer.rank), tag);
        }
        return key.sequence() < group.issued && !group.active.containsKey(key.sequence());
    }

    // ---- waiting ----------------------------------------------------------------------------------------------------

    boolean await(Operation operation, long nanos) {
        long start = System.nanoTime();
        waiting.incrementAndGet();
        try {
            for (int idle = 0; !operation.done(); idle++) {
                if (Thread.interrupted()) {
                    interrupted(operation);
                    Thread.currentThread().interrupt();
                    break;
                }
                if (System.nanoTime() - start > nanos) {
                    return false;
                }
                if (tryPoll() > 0) {
                    idle = 0;
                }
                pause(idle);
            }
        } finally {
            waiting.decrementAndGet();
            operation.addExposed(System.nanoTime() - start);
        }
        CommunicationException cause = operation.failure();
        if (cause != null) {
            throw new CommunicationException(cause.kind(), new TreeSet<>(cause.missing()), cause.getMessage());
        }
        return true;
    }

    private static void pause(int idle) {
        if (idle < 64) {
            Thread.onSpinWait();
        } else if (idle < 512) {
            Thread.yield();
        } else {
            LockSupport.parkNanos(Math.min(MOST_WAIT_NANOS, 1000L * (idle - 511)));
        }
    }

    /** True while some thread waits, and so polls. */
    boolean polledByWaiters() {
        return waiting.get() > 0;
    }

    /** True when operations are in flight. */
    boolean busy() {
        return active > 0;
    }

    private void interrupted(Operation operation) {
        locked(() -> fail(new EngineFault(
                Kind.CANCELLED,
                only(rank),
                "rank " + rank + " was interrupted while it waited for " + operation.describe())));
    }

    void cancel(Operation operation) {
        locked(() -> {
            if (!operation.done()) {
                fail(new EngineFault(Kind.CANCELLED, only(rank), "rank " + rank + " gave up " + operation.describe()));
            }
        });
    }

    // ---- failure ----------------------------------------------------------------------------------------------------

    boolean closed() {
        return closed;
    }

    boolean healthy() {
        return failure == null;
    }

    /** Why the attempt failed. */
    public Optional<CommunicationException> failure() {
        return Optional.ofNullable(failure);
    }

    /** A fault of a peer; or of what its transport stands on, when that is gone: then the peer is accused in vain. */
    EngineFault fault(Kind kind, int missing, String message) {
        Optional<TransportFault> cause = Optional.ofNullable(peers[missing])
                .flatMap(peer -> peer.transport().fault());
        return cause.map(this::transportFault).orElseGet(() -> new EngineFault(kind, only(missing), message));
    }

    /** The ranks of the process that is to blame are missing; nobody is when it has none. */
    private EngineFault transportFault(TransportFault cause) {
        SortedSet<Integer> culprits = new TreeSet<>();
        for (RankAddress address : addresses) {
            if (address.sameHost(addresses.get(rank)) && address.processId() == cause.processId()) {
                culprits.add(address.rank());
            }
        }
        if (culprits.isEmpty()) {
            // Who closes a transport in order may have heard earlier of the death that ends the attempt.
            linked.stream().filter(Peer::ended).forEach(peer -> culprits.add(peer.rank));
            if (!culprits.isEmpty()) {
                return new EngineFault(
                        Kind.DEAD,
                        culprits,
                        culprits.stream()
                                        .map(dead -> addresses.get(dead).toString())
                                        .collect(Collectors.joining(", ")) + " ended, and then " + cause.reason());
            }
        }
        if (culprits.isEmpty() || culprits.contains(rank)) {
            return new EngineFault(
                    Kind.TRANSPORT, culprits, addresses.get(rank) + " has no transport: " + cause.reason());
        }
        return new EngineFault(
                cause.ended() ? Kind.DEAD : Kind.SILENT,
                culprits,
                addresses.get(culprits.first())
                        + (cause.ended() ? " is gone: " : " has given no sign of life: ")
                        + cause.reason());
    }

    private static SortedSet<Integer> only(int rank) {
        return new TreeSet<>(List.of(rank));
    }

    /** Fails the attempt for a reason of this rank's own. */
    public void abort(String reason) {
        locked(() -> fail(new EngineFault(Kind.CANCELLED, only(rank), "rank " + rank + " aborts: " + reason)));
    }

    void aborted(Peer peer, ControlMessage.Abort message) {
        peer.knowsOfFailure();
        if (healthy()) {
            abort = message;
            fail(new EngineFault(message.kind(), new TreeSet<>(message.missing()), message.reason()));
        }
    }

    void guarded(Runnable action) {
        try {
            action.run();
        } catch (EngineFault fault) {
            fail(fault);
        } catch (RuntimeException | InternalError problem) {
            LOG.error("rank {}: communication ends by a fault of its own", rank, problem);
            fail(new EngineFault(Kind.TRANSPORT, only(rank), "rank " + rank + ": " + problem));
        }
    }

    private void fail(EngineFault fault) {
        if (failure != null || closed) {
            return;
        }
        failure = new CommunicationException(fault.kind, fault.missing, fault.getMessage());
        if (abort == null) {
            abort = ControlCodec.abort(rank, fault.kind, fault.missing, fault.getMessage());
        }
        String origin = abort.origin() == rank ? "" : "rank " + abort.origin() + " reports: ";
        LOG.warn("rank {}: the attempt has failed: {}{}", rank, origin, fault.getMessage());
        flight.write(origin + fault.getMessage(), fault.missing);
        memory.withdraw();
        tasks.clear();
        linked.forEach(Peer::dropTransfers);
        linked.forEach(Peer::hurry);
        nextTick = Long.MIN_VALUE;
        List<Operation> ending = new ArrayList<>();
        groups.values().forEach(group -> ending.addAll(group.active.values()));
        for (Operation operation : ending) {
            operation.fail(new CommunicationException(
                    fault.kind,
                    fault.missing,
                    operation.describe() + ", did not complete on rank " + rank + ": " + origin + fault.getMessage()
                            + ". Missing: " + names(fault.missing)));
        }
    }

    boolean isMissing(int other) {
        return failure != null && failure.missing().contains(other);
    }

    Optional<ControlMessage.Abort> abortMessage() {
        return Optional.ofNullable(abort);
    }

    String names(SortedSet<Integer> ranks) {
        if (ranks.isEmpty()) {
            return "nobody";
        }
        StringBuilder text = new StringBuilder(ranks.size() == 1 ? "rank " : "ranks ");
        String separator = "";
        for (int each : ranks) {
            text.append(separator).append(each);
            separator = ", ";
        }
        return text.toString();
    }

    static String millis(long nanos) {
        return nanos >= 10_000_000_000L
                ? nanos / 1_000_000_000L + " s"
                : String.format(Locale.ROOT, "%.1f s", nanos / 1e9);
    }

    // ---- the end ----------------------------------------------------------------------------------------------------

    /** Starts to leave: peers are told that this rank sends nothing more. Operations in flight fail the attempt. */
    public void leave() {
        locked(() -> {
            if (active > 0 && healthy()) {
                fail(new EngineFault(
                        Kind.CLOSED, only(rank), "rank " + rank + " closes with " + active + " operations in flight"));
            }
            linked.forEach(Peer::leave);
        });
    }

    /** True once every linked peer has left too, or has been told of the failure. */
    public boolean departed() {
        return locked(() -> linked.stream().allMatch(peer -> healthy() ? peer.departed() : peer.informed()));
    }

    /** Frees everything. Nothing may be called after, but reading the failure. Idempotent. */
    public void close() {
        locked(() -> {
            if (!closed) {
                memory.withdraw();
                tasks.clear();
                if (healthy() && active > 0) {
                    fail(new EngineFault(Kind.CLOSED, only(rank), "rank " + rank + " was closed"));
                }
                closed = true;
                linked.forEach(Peer::close);
                transports.forEach(Transport::close);
                memory.close();
                header.release();
            }
        });
    }

    // ---- for people -------------------------------------------------------------------------------------------------

    Traffic traffic() {
        return locked(() -> new Traffic(messages, bytes, refused()));
    }

    long bytesTo(int other) {
        return locked(() -> bytesTo[other]);
    }

    long bufferBytes() {
        return locked(() -> staging.live()
                + transports.stream().mapToLong(Transport::bufferBytes).sum());
    }

    List<RankAddress> addresses() {
        return addresses;
    }

    List<Peer> linked() {
        return linked;
    }

    long now() {
        return clock.getAsLong();
    }

    String describe() {
        return locked(() -> {
            StringBuilder text = new StringBuilder();
            text.append(addresses.get(rank))
                    .append(": ")
                    .append(failure == null ? "well" : "failed: " + failure.getMessage());
            text.append(String.format(
                    Locale.ROOT,
                    "; %d messages, %d bytes, %d frames refused, staging %d bytes%n",
                    messages,
                    bytes,
                    refused(),
                    staging.live()));
            linked.forEach(peer -> text.append("  ").append(peer.describe()).append('\n'));
            for (Transport transport : transports) {
                text.append("  ")
                        .append(transport.describe())
                        .append(", ")
                        .append(transport.bufferBytes())
                        .append(" bytes\n");
            }
            return text.toString();
        });
    }

    private void locked(Runnable action) {
        lock.lock();
        try {
            action.run();
        } finally {
            lock.unlock();
        }
    }

    private <T> T locked(Supplier<T> action) {
        lock.lock();
        try {
            return action.get();
        } finally {
            lock.unlock();
        }
    }
}
