package dev.braid.trainer.spark;

import dev.braid.parallelism.memory.ThisProcess;
import java.io.Serializable;
import java.util.Arrays;
import org.apache.spark.BarrierTaskContext;
import org.apache.spark.SparkEnv;

/**
 * What the barrier stage runs in each task: meet the other ranks, connect to the driver, run the program. Which rank a task is
 * follows from where all tasks are; before they have met, a task has no name.
 */
record RankTask(ChannelAddress driver, RankLayout layout, CoordinatorLimits limits, RankProgram program)
        implements Serializable {

    /** What a task hands back through the shuffle. */
    record Result(int rank, String text) implements Serializable {}

    /** Runs the rank of the barrier task on whose thread it is called. */
    Result run() throws Exception {
        BarrierTaskContext task = BarrierTaskContext.get();
        Rendezvous rendezvous = meet(task);
        int rank = rendezvous.placement().rank(task.partitionId());
        int attempt = task.stageAttemptNumber();
        try (RankChannel channel = RankChannel.connect(driver, new Handshake.Peer(rank, attempt), limits)) {
            try {
                BarrierContext context =
                        new BarrierContext(task, channel, rank, layout.cores(), rendezvous, driver.secret());
                String text = program.run(context);
                if (context.ranks() > 1) {
                    // A rank that ends well while another fails would leave Spark with half a stage: all end, or none.
                    task.barrier();
                }
                channel.finish(new Frame(Frame.Kind.DONE));
                return new Result(rank, text);
            } catch (Throwable failure) {
                report(channel, RankFailure.of(rank, attempt, host(), failure, task.isInterrupted()), failure);
                throw failure;
            }
        }
    }

    private Rendezvous meet(BarrierTaskContext task) {
        RankMember me = new RankMember(
                task.partitionId(),
                host(),
                ThisProcess.hostId(),
                SparkEnv.get().executorId(),
                ProcessHandle.current().pid(),
                layout.cores(),
                program.capabilities());
        return Rendezvous.of(
                layout.mesh(),
                Arrays.stream(BarrierContext.allGather(task, Json.write(me)))
                        .map(json -> Json.read(json, RankMember.class))
                        .toList());
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
}
