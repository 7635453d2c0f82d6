package dev.braid.trainer.bench;

import dev.braid.parallelism.CommunicationException;
import dev.braid.parallelism.CommunicationSettings;
import dev.braid.parallelism.Communicator;
import dev.braid.parallelism.Endpoint;
import dev.braid.parallelism.Fabric;
import dev.braid.parallelism.Handle;
import dev.braid.parallelism.ReduceOp;
import dev.braid.parallelism.Slices;
import dev.braid.parallelism.Traffic;
import dev.braid.parallelism.transport.RankAddress;
import dev.braid.tensor.Memory;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.trace.Recorder;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.concurrent.BrokenBarrierException;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.LongFunction;
import java.util.stream.IntStream;

/** Ranks as threads that look at each other's numbers between two barriers: obviously right, slow, and damaged on request. */
final class PlainWorld {
    private final int ranks;
    private final CyclicBarrier barrier;
    private final float[][] shown;
    private final List<LinkedBlockingQueue<float[]>> sent;
    private final float error;
    final AtomicInteger opened = new AtomicInteger();
    final AtomicInteger closed = new AtomicInteger();

    /** @param error is added to the first element of every sum */
    PlainWorld(int ranks, float error) {
        this.ranks = ranks;
        this.error = error;
        this.barrier = new CyclicBarrier(ranks);
        this.shown = new float[ranks][];
        this.sent = IntStream.range(0, ranks)
                .mapToObj(rank -> new LinkedBlockingQueue<float[]>())
                .toList();
    }

    Endpoint open(int rank, int size, Memory memory, CommunicationSettings settings) {
        opened.incrementAndGet();
        return new Endpoint() {
            @Override
            public RankAddress address() {
                return new RankAddress(rank, "localhost", "host", 1, "process", Map.of(), "");
            }

            @Override
            public Fabric join(List<RankAddress> addresses) {
                if (IntStream.range(0, size).anyMatch(r -> addresses.get(r).rank() != r)) {
                    throw new IllegalArgumentException("addresses are out of order: " + addresses);
                }
                return new Member(rank);
            }

            @Override
            public void close() {
                closed.incrementAndGet();
            }
        };
    }

    private static CommunicationException gone() {
        SortedSet<Integer> nobody = new TreeSet<>();
        return new CommunicationException(CommunicationException.Kind.CLOSED, nobody, "a rank gave up");
    }

    private final class Member implements Fabric, Communicator {
        private final int rank;

        Member(int rank) {
            this.rank = rank;
        }

        /** Shows {@code input} to all, and sets every element of {@code output} by a function of what all have shown. */
        private Handle compute(Tensor input, Tensor output, LongFunction<Float> element) {
            shown[rank] = input.toFloats();
            meet();
            float[] result = new float[Math.toIntExact(output.count())];
            for (int i = 0; i < result.length; i++) {
                result[i] = element.apply(i);
            }
            meet();
            output.setFloats(result);
            return new Done(() -> {});
        }

        private void meet() {
            try {
                barrier.await();
            } catch (BrokenBarrierException | InterruptedException broken) {
                throw gone();
            }
        }

        private float sum(long index) {
            float sum = index == 0 ? error : 0;
            for (float[] one : shown) {
                sum += one[(int) index];
            }
            return sum;
        }

        @Override
        public Handle allReduce(Tensor tensor, ReduceOp op) {
            return compute(tensor, tensor, this::sum);
        }

        @Override
        public Handle reduceScatter(Tensor input, Tensor output, ReduceOp op) {
            long start = Slices.start(input.count(), ranks, rank);
            return compute(input, output, i -> sum(start + i));
        }

        @Override
        public Handle allGather(Tensor input, Tensor output) {
            return compute(input, output, i -> {
                long rest = i;
                int from = 0;
                while (rest >= shown[from].length) {
                    rest -= shown[from++].length;
                }
                return shown[from][(int) rest];
            });
        }

        @Override
        public Handle allToAll(Tensor input, long[] sendCounts, Tensor output, long[] receiveCounts) {
            long start = Arrays.stream(sendCounts).limit(rank).sum();
            long mine = receiveCounts[0];
            return compute(input, output, i -> shown[(int) (i / mine)][(int) (start + i % mine)]);
        }

        @Override
        public Handle broadcast(Tensor tensor, int root) {
            return compute(tensor, tensor, i -> shown[root][(int) i]);
        }

        @Override
        public Handle send(Tensor tensor, int to, int tag) {
            sent.get(to).add(tensor.toFloats());
            return new Done(() -> {});
        }

        @Override
        public Handle receive(Tensor tensor, int from, int tag) {
            return new Done(() -> {
                try {
                    tensor.setFloats(sent.get(rank).take());
                } catch (InterruptedException cancelled) {
                    throw gone();
                }
            });
        }

        @Override
        public Handle barrier() {
            meet();
            return new Done(() -> {});
        }

        @Override
        public void abort(String reason) {
            barrier.reset();
        }

        @Override
        public Communicator world() {
            return this;
        }

        @Override
        public String name() {
            return "world";
        }

        @Override
        public int rank() {
            return rank;
        }

        @Override
        public int ranks() {
            return ranks;
        }

        @Override
        public int size() {
            return ranks;
        }

        @Override
        public List<Integer> members() {
            return IntStream.range(0, ranks).boxed().toList();
        }

        @Override
        public String describe() {
            return "plain";
        }

        @Override
        public Optional<CommunicationException> failure() {
            return Optional.empty();
        }

        @Override
        public void close() {}

        @Override
        public long bufferBytes() {
            return 0;
        }

        @Override
        public Traffic traffic() {
            throw unused();
        }

        @Override
        public long bytesTo(int rank) {
            throw unused();
        }

        @Override
        public Communicator group(String group, List<Integer> members) {
            throw unused();
        }

        @Override
        public Handle reduceScatter(Tensor input, long[] counts, Tensor output, ReduceOp op) {
            throw unused();
        }

        @Override
        public void record(Recorder listener) {
            throw unused();
        }

        @Override
        public Handle allGather(Tensor input, long[] counts, Tensor output) {
            throw unused();
        }

        @Override
        public Handle allToAll(Tensor input, Tensor output) {
            throw unused();
        }

        @Override
        public Handle gather(Tensor input, Tensor output, int root) {
            throw unused();
        }

        private UnsupportedOperationException unused() {
            return new UnsupportedOperationException("the benchmark does not use it");
        }
    }

    /** Does the rest of its work when it is waited for. */
    private record Done(Runnable rest) implements Handle {
        @Override
        public boolean done() {
            return true;
        }

        @Override
        public void await() {
            rest.run();
        }

        @Override
        public boolean await(Duration time) {
            rest.run();
            return true;
        }

        @Override
        public void cancel() {}

        @Override
        public long exposedNanos() {
            return 0;
        }
    }
}
