package dev.braid.trainer.spark;

import dev.braid.parallelism.mesh.Mesh;
import dev.braid.parallelism.mesh.Placement;
import java.util.HexFormat;
import java.util.List;
import org.apache.spark.BarrierTaskContext;

/** A rank's context over its barrier task and its channel. */
record BarrierContext(
        BarrierTaskContext task, RankChannel channel, int rank, int cores, Rendezvous rendezvous, byte[] channelSecret)
        implements RankContext {
    private static final int RUN_ID_BYTES = 8;

    @Override
    public int ranks() {
        return mesh().ranks();
    }

    @Override
    public int attempt() {
        return task.stageAttemptNumber();
    }

    @Override
    public Mesh mesh() {
        return rendezvous.mesh();
    }

    @Override
    public Placement placement() {
        return rendezvous.placement();
    }

    @Override
    public List<RankMember> members() {
        return rendezvous.members();
    }

    @Override
    public String runId() {
        return HexFormat.of().formatHex(Hmac.derive(channelSecret, "run id"), 0, RUN_ID_BYTES);
    }

    @Override
    public byte[] secret() {
        return Hmac.derive(channelSecret, "communication between ranks");
    }

    @Override
    public List<String> allGather(String text) {
        return rendezvous.inRankOrder(allGather(task, text));
    }

    /**
     * Spark's exchange, which a kill ends as it ends any other wait. Spark's own looks for its answer once a second and swallows
     * an interrupt in between: where the answer is already there, it returns it, and the kill would be lost.
     *
     * @return the texts of all tasks, by partition
     */
    static String[] allGather(BarrierTaskContext task, String text) {
        String[] texts = task.allGather(text);
        if (task.isInterrupted()) {
            Thread.currentThread().interrupt();
        }
        return texts;
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
