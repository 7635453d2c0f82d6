package dev.braid.parallelism.engine;

import dev.braid.parallelism.Algorithm;
import dev.braid.parallelism.Communicator;
import dev.braid.parallelism.Handle;
import dev.braid.parallelism.ReduceOp;
import dev.braid.parallelism.Slices;
import dev.braid.parallelism.transport.RankAddress;
import dev.braid.tensor.DType;
import dev.braid.tensor.Tensor;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/** Checks what it is given, and turns it into an {@link Operation}. */
final class GroupCommunicator implements Communicator {
    private static final long NOWHERE = -1;

    /** Bytes from which what crosses between hosts matters more than another round of messages. */
    private static final long LARGE = 256 * 1024;

    private final Engine engine;
    private final Group group;
    private final String link;
    private final List<List<Integer>> hosts;

    GroupCommunicator(Engine engine, Group group) {
        this.engine = engine;
        this.group = group;
        this.hosts = hosts(engine, group);
        this.link = link(engine, group);
    }

    /** Members by host, in group order: the first member of a host gives its place. */
    private static List<List<Integer>> hosts(Engine engine, Group group) {
        Map<String, List<Integer>> hosts = new LinkedHashMap<>();
        for (int member : group.members) {
            hosts.computeIfAbsent(engine.addresses().get(member).hostId(), any -> new ArrayList<>())
                    .add(member);
        }
        return List.copyOf(hosts.values());
    }

    /** The slowest kind of link in the group: every member comes to the same answer. */
    private static String link(Engine engine, Group group) {
        if (!engine.settings.transport().equals("auto")) {
            return engine.settings.transport();
        }
        RankAddress first = engine.addresses().get(group.members.getFirst());
        boolean oneProcess = true;
        boolean oneHost = true;
        for (int member : group.members) {
            oneProcess &= engine.addresses().get(member).sameProcess(first);
            oneHost &= engine.addresses().get(member).sameHost(first);
        }
        return oneProcess ? "shared" : oneHost ? "ipc" : "udp";
    }

    @Override
    public String name() {
        return group.name;
    }

    @Override
    public int rank() {
        return group.rank;
    }

    @Override
    public int size() {
        return group.size();
    }

    @Override
    public List<Integer> members() {
        return group.members;
    }

    @Override
    public Handle allReduce(Tensor tensor, ReduceOp op) {
        requireReducible(tensor.dtype(), op);
        long address = tensor.address();
        DType dtype = tensor.dtype();
        long bytes = tensor.bytes();
        Algorithm algorithm = allReduceAlgorithm(dtype, op, bytes);
        return begin(
                OperationKind.ALL_REDUCE,
                () -> switch (algorithm) {
                    case GATHER_ADD -> new GatherAdd(engine, group, dtype, op, address, bytes);
                    case RECURSIVE_DOUBLING -> new RecursiveDoubling(engine, group, dtype, op, address, bytes);
                    case RING ->
                        new RingReduce(
                                engine, group, OperationKind.ALL_REDUCE, dtype, op, address, address, even(tensor));
                    case HIERARCHICAL -> hierarchical(tensor, op);
                    case DIRECT, AUTO, TREE ->
                        new DirectReduce(
                                engine,
                                group,
                                OperationKind.ALL_REDUCE,
                                dtype,
                                op,
                                op == ReduceOp.MEAN ? 1f / size() : 1f,
                                address,
                                address,
                                even(tensor));
                },
                tensor);
    }

    private Algorithm allReduceAlgorithm(DType dtype, ReduceOp op, long bytes) {
        Algorithm asked = engine.settings.algorithm();
        return switch (asked) {
            case AUTO, TREE -> {
                boolean anyOrder = op == ReduceOp.MAX || dtype == DType.I32;
                yield anyOrder
                                && bytes >= LARGE
                                && hosts.size() > 1
                                && hostsAlike()
                                && hosts.getFirst().size() > 1
                        ? Algorithm.HIERARCHICAL
                        : engine.settings.costs().allReduce(link, size(), bytes);
            }
            case HIERARCHICAL -> hosts.size() > 1 ? asked : Algorithm.DIRECT;
            case DIRECT, GATHER_ADD, RING, RECURSIVE_DOUBLING -> asked;
        };
    }

    private boolean hostsAlike() {
        return hosts.stream().allMatch(host -> host.size() == hosts.getFirst().size());
    }

    private Operation hierarchical(Tensor tensor, ReduceOp op) {
        if (!hostsAlike()) {
            throw new IllegalArgumentException("parallel.algorithm hierarchical needs as many ranks of group " + group
                    + " on each host; they are " + hosts + ": choose another algorithm or another placement");
        }
        List<Integer> here = hosts.stream()
                .filter(host -> host.contains(engine.rank))
                .findFirst()
                .orElseThrow();
        return new Hierarchical(
                engine,
                group,
                engine.group(group.name + "/inside", here),
                engine.group(group.name + "/across", Hierarchical.across(hosts, engine.rank)),
                tensor.dtype(),
                op,
                tensor.address(),
                tensor.bytes());
    }

    @Override
    public Handle reduceScatter(Tensor input, Tensor output, ReduceOp op) {
        return reduceScatter(input, Slices.sizes(input.count(), size()), output, op);
    }

    @Override
    public Handle reduceScatter(Tensor input, long[] counts, Tensor output, ReduceOp op) {
        requireReducible(input.dtype(), op);
        requireDtype(output, input.dtype(), "output");
        long[] starts = starts(counts, "counts", input, "input");
        requireCount(output, counts[rank()], "output");
        requireApart(output, "output", input, "input", starts[rank()]);
        return begin(
                OperationKind.REDUCE_SCATTER,
                () -> engine.settings.algorithm() == Algorithm.RING
                        ? new RingReduce(
                                engine,
                                group,
                                OperationKind.REDUCE_SCATTER,
                                input.dtype(),
                                op,
                                input.address(),
                                output.address(),
                                starts)
                        : new DirectReduce(
                                engine,
                                group,
                                OperationKind.REDUCE_SCATTER,
                                input.dtype(),
                                op,
                                op == ReduceOp.MEAN ? 1f / size() : 1f,
                                input.address(),
                                output.address(),
                                starts),
                input,
                output);
    }

    @Override
    public Handle allGather(Tensor input, Tensor output) {
        return allGather(input, Slices.sizes(output.count(), size()), output);
    }

    @Override
    public Handle allGather(Tensor input, long[] counts, Tensor output) {
        requireDtype(output, input.dtype(), "output");
        long[] starts = starts(counts, "counts", output, "output");
        requireCount(input, counts[rank()], "input");
        requireApart(input, "input", output, "output", starts[rank()]);
        return begin(
                OperationKind.ALL_GATHER,
                () -> engine.settings.algorithm() == Algorithm.RING
                        ? new RingGather(engine, group, input.dtype(), input.address(), output.address(), starts)
                        : Collectives.allGather(
                                engine, group, input.dtype(), input.address(), output.address(), starts),
                input,
                output);
    }

    @Override
    public Handle allToAll(Tensor input, Tensor output) {
        return allToAll(input, Slices.sizes(input.count(), size()), output, Slices.sizes(output.count(), size()));
    }

    @Override
    public Handle allToAll(Tensor input, long[] sendCounts, Tensor output, long[] receiveCounts) {
        requireDtype(output, input.dtype(), "output");
        long[] sendStarts = starts(sendCounts, "sendCounts", input, "input");
        long[] receiveStarts = starts(receiveCounts, "receiveCounts", output, "output");
        requireApart(input, "input", output, "output", NOWHERE);
        if (sendCounts[rank()] != receiveCounts[rank()]) {
            throw new IllegalArgumentException("rank " + rank() + " sends " + sendCounts[rank()]
                    + " elements to itself but receives " + receiveCounts[rank()]);
        }
        return begin(
                OperationKind.ALL_TO_ALL,
                () -> Collectives.allToAll(
                        engine, group, input.dtype(), input.address(), sendStarts, output.address(), receiveStarts),
                input,
                output);
    }

    @Override
    public Handle broadcast(Tensor tensor, int root) {
        requireRank(root, "root");
        return begin(
                OperationKind.BROADCAST,
                () -> new Broadcast(engine, group, tensor.dtype(), tensor.address(), tensor.bytes(), root),
                tensor);
    }

    @Override
    public Handle gather(Tensor input, Tensor output, int root) {
        requireRank(root, "root");
        if (rank() != root) {
            return begin(
                    OperationKind.GATHER,
                    () -> Collectives.gather(engine, group, input.dtype(), input.bytes(), input.address(), 0, root),
                    input);
        }
        if (output == null) {
            throw new IllegalArgumentException("output is null on rank " + rank() + ", which is the root: it must have "
                    + input.count() * size() + " elements");
        }
        requireDtype(output, input.dtype(), "output");
        requireCount(output, input.count() * size(), "output");
        requireApart(input, "input", output, "output", rank() * input.bytes());
        return begin(
                OperationKind.GATHER,
                () -> Collectives.gather(
                        engine, group, input.dtype(), input.bytes(), input.address(), output.address(), root),
                input,
                output);
    }

    @Override
    public Handle send(Tensor tensor, int to, int tag) {
        return pointToPoint(tensor, true, to, "to", tag);
    }

    @Override
    public Handle receive(Tensor tensor, int from, int tag) {
        return pointToPoint(tensor, false, from, "from", tag);
    }

    private Handle pointToPoint(Tensor tensor, boolean sends, int other, String name, int tag) {
        requireRank(other, name);
        if (other == rank()) {
            throw new IllegalArgumentException("rank " + other + " cannot send to itself");
        }
        if (tag < 0) {
            throw new IllegalArgumentException("tag " + tag + " is negative");
        }
        return begin(
                OperationKind.POINT_TO_POINT,
                () -> new PointToPoint(
                        engine, group, tensor.dtype(), tensor.address(), tensor.bytes(), sends, other, tag),
                tensor);
    }

    @Override
    public Handle barrier() {
        return begin(OperationKind.BARRIER, () -> new Barrier(engine, group));
    }

    /** The maker runs under the engine's lock; the operation holds its tensors until it ends. */
    private Handle begin(OperationKind kind, Supplier<Operation> maker, Tensor... tensors) {
        return engine.begin(group, kind, () -> maker.get().keep(tensors));
    }

    // ---- checks -----------------------------------------------------------------------------------------------------

    private static void requireReducible(DType dtype, ReduceOp op) {
        boolean integral = dtype == DType.I32 || dtype == DType.I8;
        if (op == ReduceOp.MEAN && integral || op == ReduceOp.SUM && dtype == DType.I8) {
            throw new IllegalArgumentException("there is no " + op + " of " + dtype
                    + ": F32 and BF16 have SUM, MEAN and MAX, I32 has SUM and MAX, I8 has MAX");
        }
    }

    private static void requireDtype(Tensor tensor, DType dtype, String name) {
        if (tensor.dtype() != dtype) {
            throw new IllegalArgumentException(name + " " + tensor + " must be of " + dtype);
        }
    }

    private static void requireCount(Tensor tensor, long count, String name) {
        if (tensor.count() != count) {
            throw new IllegalArgumentException(name + " " + tensor + " must have " + count + " elements");
        }
    }

    /** The part may lie at {@code place} bytes in the whole, where it belongs, or apart from it. */
    private static void requireApart(Tensor part, String partName, Tensor whole, String wholeName, long place) {
        long offset = part.address() - whole.address();
        boolean apart = part.bytes() == 0 || offset >= whole.bytes() || offset + part.bytes() <= 0;
        if (!apart && (place == NOWHERE || offset != place)) {
            throw new IllegalArgumentException(partName + " " + part + " overlaps " + wholeName + " " + whole + ", "
                    + offset + " bytes from its start"
                    + (place == NOWHERE
                            ? ": use another tensor"
                            : "; allowed is its own slice at " + place + ", or none"));
        }
    }

    private void requireRank(int rank, String name) {
        if (rank < 0 || rank >= size()) {
            throw new IllegalArgumentException(
                    name + " is rank " + rank + ", group " + group + " has 0 to " + (size() - 1));
        }
    }

    private long[] even(Tensor tensor) {
        return Hierarchical.starts(tensor.bytes(), tensor.dtype(), size());
    }

    private long[] starts(long[] counts, String name, Tensor tensor, String tensorName) {
        if (counts.length != size()) {
            throw new IllegalArgumentException(
                    name + " has " + counts.length + " entries, must have one for each of " + size() + " ranks");
        }
        long[] starts = new long[counts.length + 1];
        for (int rank = 0; rank < counts.length; rank++) {
            if (counts[rank] < 0) {
                throw new IllegalArgumentException(name + "[" + rank + "] is " + counts[rank]);
            }
            starts[rank + 1] = starts[rank] + counts[rank] * tensor.dtype().bytes();
        }
        if (starts[counts.length] != tensor.bytes()) {
            throw new IllegalArgumentException(name + " add up to "
                    + starts[counts.length] / tensor.dtype().bytes() + " elements, " + tensorName + " " + tensor
                    + " has " + tensor.count());
        }
        return starts;
    }
}
