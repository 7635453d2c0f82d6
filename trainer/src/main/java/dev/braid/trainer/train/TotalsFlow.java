package dev.braid.trainer.train;

import dev.braid.parallelism.Communicator;
import dev.braid.parallelism.ExposedTime;
import dev.braid.parallelism.Handle;
import dev.braid.parallelism.ReduceOp;
import dev.braid.parallelism.mesh.Axis;
import dev.braid.parallelism.mesh.Mesh;
import dev.braid.parallelism.mesh.RankGroups;
import dev.braid.parallelism.pipeline.StageMap;
import dev.braid.tensor.Category;
import dev.braid.tensor.DType;
import dev.braid.tensor.Memory;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;

/**
 * Adds up a step's totals over all ranks of a mesh with a pipeline without making any of them wait for the others at the step's
 * end. The ranks of one place in the pipeline, which come to the end together, add theirs; each sends the sum to the last rank of
 * its pipeline; that one adds them up before it begins the next step, for which it must have heard of the others anyway, and sends
 * the totals to all. Whole numbers, so that the order of sums does not matter. Used by the rank's thread.
 */
final class TotalsFlow {
    private static final String AXIS = "world";
    private static final int PARTIAL = 0;
    private static final int TOTAL = 1;

    /** Numbers on their way here. */
    private record Arrival(Tensor numbers, Handle handle) {}

    private final Communicator peers;
    private final Communicator holders;
    private final Communicator data;
    private final Communicator pipeline;
    private final Memory memory;
    private final ExposedTime exposed;
    private final List<Arrival> partials = new ArrayList<>();
    private final List<Handle> sent = new ArrayList<>();
    private Optional<Arrival> total = Optional.empty();
    private Optional<Arrival> tokens = Optional.empty();
    private int[] sum = {};

    /**
     * Makes the process groups; all ranks do so.
     *
     * @param map which place in the pipeline holds which stages
     */
    TotalsFlow(RankGroups groups, StageMap map, Memory memory, ExposedTime exposed) {
        Mesh mesh = groups.mesh();
        int place = groups.coordinate().pipeline();
        Set<Integer> stages = Set.copyOf(map.stagesOf(place));
        this.peers = groups.fabric().group("totals.place", ranks(mesh, other -> other == place));
        this.holders = groups.fabric()
                .group("totals.holders", ranks(mesh, other -> stages.equals(Set.copyOf(map.stagesOf(other)))));
        this.data = groups.fabric().group("totals.tokens", groups.data().members());
        this.pipeline = groups.fabric()
                .group("totals.pipeline", groups.along(Axis.PIPELINE).members());
        this.memory = memory;
        this.exposed = exposed;
    }

    private static List<Integer> ranks(Mesh mesh, IntPredicate place) {
        return IntStream.range(0, mesh.ranks())
                .filter(rank -> place.test(mesh.coordinate(rank).pipeline()))
                .boxed()
                .toList();
    }

    /** The sums of {@code mine} over the ranks that hold the same stages, which come to a step's end together; waits for them. */
    int[] sumOverHolders(int[] mine) {
        return holders.size() == 1
                ? mine
                : take(started(numbers(mine), numbers -> holders.allReduce(numbers, ReduceOp.SUM)));
    }

    private int last() {
        return pipeline.size() - 1;
    }

    private boolean isLast() {
        return pipeline.rank() == last();
    }

    /** Starts to count the valid tokens of a step by loss, of which this rank's data rank has {@code mine}. */
    void countTokens(List<Long> mine) {
        tokens = Optional.of(started(numbers(StepTotals.limbs(mine)), limbs -> data.allReduce(limbs, ReduceOp.SUM)));
    }

    /** The valid tokens of all data ranks, by loss. */
    List<Long> tokens() {
        Arrival counted = tokens.orElseThrow();
        tokens = Optional.empty();
        return StepTotals.numbers(take(counted));
    }

    /** Lets this rank's part of a step's totals go. */
    void begin(int[] mine) {
        sent.forEach(handle -> exposed.await(AXIS, handle));
        sent.clear();
        sum = mine;
        if (peers.size() > 1) {
            sum = take(started(numbers(mine), partial -> peers.allReduce(partial, ReduceOp.SUM)));
        }
        if (isLast()) {
            for (int rank = 0; rank < last(); rank++) {
                partials.add(expect(rank, PARTIAL));
            }
        } else {
            send(sum, last(), PARTIAL);
            total = Optional.of(expect(last(), TOTAL));
        }
    }

    /** On the last rank: waits for what the others have of the step, and tells them the totals. Without effect elsewhere. */
    void passOn() {
        if (partials.isEmpty()) {
            return;
        }
        while (!partials.isEmpty()) {
            int[] other = take(partials.removeFirst());
            Arrays.setAll(sum, index -> sum[index] + other[index]);
        }
        for (int rank = 0; rank < last(); rank++) {
            send(sum, rank, TOTAL);
        }
    }

    /** The totals of the step. */
    int[] await() {
        passOn();
        Optional<Arrival> told = total;
        total = Optional.empty();
        told.ifPresent(arrival -> sum = take(arrival));
        return sum;
    }

    /** Gives back what is on its way, because something of the step has failed; the communicator keeps it until that has ended. */
    void abandon() {
        partials.forEach(arrival -> arrival.numbers.release());
        partials.clear();
        total.ifPresent(arrival -> arrival.numbers.release());
        total = Optional.empty();
        tokens.ifPresent(arrival -> arrival.numbers.release());
        tokens = Optional.empty();
        sent.clear();
    }

    private Arrival expect(int rank, int tag) {
        Tensor room = memory.allocate(Category.COMMUNICATION, DType.I32, Shape.of(sum.length));
        return started(room, numbers -> pipeline.receive(numbers, rank, tag));
    }

    private static Arrival started(Tensor numbers, Function<Tensor, Handle> operation) {
        try {
            return new Arrival(numbers, operation.apply(numbers));
        } catch (RuntimeException | Error failure) {
            numbers.release();
            throw failure;
        }
    }

    private void send(int[] values, int rank, int tag) {
        Tensor tensor = numbers(values);
        try {
            sent.add(pipeline.send(tensor, rank, tag));
        } finally {
            tensor.release(); // the communicator has its own reference until it has left
        }
    }

    private Tensor numbers(int[] values) {
        Tensor tensor = memory.allocate(Category.COMMUNICATION, DType.I32, Shape.of(values.length));
        tensor.setInts(values);
        return tensor;
    }

    private int[] take(Arrival arrival) {
        try {
            exposed.await(AXIS, arrival.handle);
            int[] values = new int[Math.toIntExact(arrival.numbers.count())];
            Arrays.setAll(values, arrival.numbers::getInt);
            return values;
        } finally {
            arrival.numbers.release();
        }
    }
}
