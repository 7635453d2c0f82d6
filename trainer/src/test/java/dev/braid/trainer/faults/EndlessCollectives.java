package dev.braid.trainer.faults;

import dev.braid.parallelism.Communicator;
import dev.braid.parallelism.Fabric;
import dev.braid.parallelism.Handle;
import dev.braid.parallelism.ReduceOp;
import dev.braid.parallelism.Slices;
import dev.braid.tensor.Category;
import dev.braid.tensor.DType;
import dev.braid.tensor.Memory;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * Collectives of random kinds, sizes and groups of four ranks without end, several in flight, every result checked. All ranks
 * draw the same from one seed. Element i of rank r is {@code r + 1 + i % 5}.
 */
final class EndlessCollectives {
    /**
     * What to run.
     *
     * @param seed equal on all ranks
     * @param narrow keep to links between neighbours (0-1, 1-2, 2-3, 3-0) until {@link #widen}
     */
    record Task(long seed, boolean narrow) {}

    private static final List<List<Integer>> ALL =
            List.of(List.of(0, 1, 2, 3), List.of(0, 1), List.of(3, 1, 2), List.of(2, 3), List.of(0, 2), List.of(3, 0));
    private static final List<List<Integer>> NEIGHBOURS =
            List.of(List.of(0, 1), List.of(1, 2), List.of(2, 3), List.of(3, 0));
    private static final int[] COUNTS = {1, 100, 3_000, 50_000, 300_000};
    private static final int IN_FLIGHT = 4;

    private final Fabric fabric;
    private final Memory memory;
    private final Random random;
    private final List<Communicator> groups = new ArrayList<>();
    private final List<List<Integer>> members;
    private final List<Pending> pending = new ArrayList<>();
    private volatile long rounds;
    private volatile boolean widened;

    /** What was started, and the check of its result. */
    private record Pending(Handle handle, Runnable check, List<Tensor> tensors) {}

    EndlessCollectives(Fabric fabric, Memory memory, Task task) {
        this.fabric = fabric;
        this.memory = memory;
        this.random = new Random(task.seed());
        this.members = task.narrow() ? NEIGHBOURS : ALL;
        for (List<Integer> ranks : members) {
            groups.add(ranks.contains(fabric.rank()) ? fabric.group("group" + ranks, ranks) : null);
        }
    }

    /** Rounds that are done. Any thread may ask. */
    long rounds() {
        return rounds;
    }

    /** Lets the next round meet all ranks. Any thread may call. */
    void widen() {
        widened = true;
    }

    /** Runs rounds until something fails, and returns why everything that was in flight did. */
    List<Throwable> run(Runnable afterFirst) {
        List<Throwable> failures = new ArrayList<>();
        while (failures.isEmpty()) {
            try {
                for (int i = 0; i < IN_FLIGHT; i++) {
                    start(random.nextInt(members.size()), random.nextInt(6), COUNTS[random.nextInt(COUNTS.length)]);
                }
                if (widened) {
                    pending.add(new Pending(fabric.world().barrier(), () -> {}, List.of()));
                }
            } catch (RuntimeException | Error failure) {
                failures.add(failure);
            }
            finish(failures);
            if (failures.isEmpty() && ++rounds == 1) {
                afterFirst.run();
            }
        }
        return failures;
    }

    private void start(int group, int kind, int count) {
        Communicator communicator = groups.get(group);
        if (communicator == null) {
            return;
        }
        switch (kind) {
            case 0 -> pending.add(new Pending(communicator.barrier(), () -> {}, List.of()));
            case 1 -> startGather(communicator, count);
            default -> startReduce(communicator, count);
        }
    }

    private void startReduce(Communicator group, int count) {
        Tensor tensor = filled(0, count);
        float ranks = 0;
        for (int rank : group.members()) {
            ranks += rank + 1;
        }
        float sum = ranks;
        int size = group.size();
        begin(
                () -> group.allReduce(tensor, ReduceOp.SUM),
                () -> check("all-reduce", tensor, i -> sum + size * (i % 5)),
                tensor);
    }

    private void startGather(Communicator group, int count) {
        int size = group.size();
        Tensor whole = memory.zeros(Category.COMMUNICATION, DType.F32, Shape.of(count));
        Tensor mine =
                filled((int) Slices.start(count, size, group.rank()), (int) Slices.size(count, size, group.rank()));
        begin(
                () -> group.allGather(mine, whole),
                () -> check("all-gather", whole, i -> {
                    int owner = 0;
                    while (Slices.start(count, size, owner) + Slices.size(count, size, owner) <= i) {
                        owner++;
                    }
                    return group.members().get(owner) + 1 + i % 5;
                }),
                mine,
                whole);
    }

    private void begin(java.util.function.Supplier<Handle> starter, Runnable check, Tensor... tensors) {
        boolean started = false;
        try {
            pending.add(new Pending(starter.get(), check, List.of(tensors)));
            started = true;
        } finally {
            if (!started) {
                List.of(tensors).forEach(Tensor::release);
            }
        }
    }

    private Tensor filled(int from, int count) {
        Tensor tensor = memory.allocate(Category.COMMUNICATION, DType.F32, Shape.of(count));
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = fabric.rank() + 1 + (from + i) % 5;
        }
        tensor.setFloats(values);
        return tensor;
    }

    private static void check(String operation, Tensor tensor, java.util.function.IntToDoubleFunction expected) {
        float[] values = tensor.toFloats();
        for (int i = 0; i < values.length; i++) {
            if (values[i] != (float) expected.applyAsDouble(i)) {
                throw new IllegalStateException("element " + i + " of " + values.length + " of " + operation + " is "
                        + values[i] + ", must be " + expected.applyAsDouble(i));
            }
        }
    }

    private void finish(List<Throwable> failures) {
        for (Pending each : pending) {
            try {
                each.handle.await();
                each.check.run();
            } catch (RuntimeException | Error failure) {
                failures.add(failure);
            } finally {
                each.tensors.forEach(Tensor::release);
            }
        }
        pending.clear();
    }
}
