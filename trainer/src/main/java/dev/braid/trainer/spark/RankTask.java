package dev.braid.trainer.spark;

import java.io.Serializable;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import org.apache.spark.BarrierTaskContext;
import org.apache.spark.SparkEnv;

/** What the barrier stage runs in each task: connect to the driver, meet the other ranks, run the program. */
record RankTask(ChannelAddress driver, int cores, CoordinatorLimits limits, RankProgram program)
        implements Serializable {

    /** What a task hands back through the shuffle. */
    record Result(int rank, String text) implements Serializable {}

    /** Runs the rank of the barrier task on whose thread it is called. */
    Result run() throws Exception {
        BarrierTaskContext task = BarrierTaskContext.get();
        int rank = task.partitionId();
        int attempt = task.stageAttemptNumber();
        try (RankChannel channel = RankChannel.connect(driver, new Handshake.Peer(rank, attempt), limits)) {
            try {
                Context context = new Context(task, channel, cores, meet(task));
                String text = program.run(context);
                if (context.ranks() > 1) {
                    // A rank that ends well while another fails would leave Spark with half a stage: all end, or none.
                    task.barrier();
                }
                channel.finish(new Frame(Frame.Kind.DONE));
                return new Result(rank, text);
            } catch (Throwable failure) {
                report(channel, RankFailure.of(rank, attempt, host(), failure), failure);
                throw failure;
            }
        }
    }

    private List<RankMember> meet(BarrierTaskContext task) {
        RankMember me = new RankMember(
                task.partitionId(),
                host(),
                SparkEnv.get().executorId(),
                ProcessHandle.current().pid(),
                cores,
                program.capabilities());
        return Arrays.stream(task.allGather(Json.write(me)))
                .map(json -> Json.read(json, RankMember.class))
                .sorted(Comparator.comparingInt(RankMember::rank))
                .toList();
    }

    private static String host() {
        return SparkEnv.get().blockManager().blockManagerId().host();
    }

    /** Tells the driver why this rank fails; when that can't be done, Spark still carries the exception itself. */
    private static void report(RankChannel channel, RankFailure words, Throwable failure) {
        boolean interrupted = Thread.interrupted();
        try {
            channel.finish(new Frame(Frame.Kind.FAILED, Json.write(words.shortened())));
        } catch (IllegalStateException | InterruptedException unsaid) {
            failure.addSuppressed(unsaid);
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private record Context(BarrierTaskContext task, RankChannel channel, int cores, List<RankMember> members)
            implements RankContext {
        @Override
        public int rank() {
            return task.partitionId();
        }

        @Override
        public int ranks() {
            return members.size();
        }

        @Override
        public int attempt() {
            return task.stageAttemptNumber();
        }

        @Override
        public void emit(String json) {
            channel.send(new Frame(Frame.Kind.EVENT, json));
        }

        @Override
        public boolean stopRequested() {
            return channel.stopRequested();
        }

        @Override
        public boolean cancelled() {
            return task.isInterrupted();
        }
    }
}
