package dev.braid.trainer.spark;

import dev.braid.parallelism.mesh.Mesh;
import dev.braid.parallelism.mesh.Placement;
import java.util.List;

/** What a {@link RankProgram} knows about itself and its run. All methods may be called from any thread of the rank. */
public interface RankContext {
    /** Its number in the world, 0 to {@code ranks() - 1}. Which executor has it may change from attempt to attempt. */
    int rank();

    int ranks();

    /** 0 for the first start; a later one must take its state from the newest checkpoint. */
    int attempt();

    /** Where each rank of the run stands. */
    Mesh mesh();

    /** Which ranks of this attempt are on which hosts. */
    Placement placement();

    /** Names the run; the same in all of its attempts and at all ranks, and never again. */
    String runId();

    /** Known to the ranks of the run and nobody else, 32 bytes; the same in all of its attempts. */
    byte[] secret();

    /** The processor cores that this rank may use. */
    int cores();

    /** All ranks of this attempt, in rank order. */
    List<RankMember> members();

    /**
     * Exchanges a text with all ranks of the attempt, which must all call it. It takes a second whatever the length: for
     * rendezvous only.
     *
     * @param text a few kilobytes at most
     * @return the texts of all ranks, in rank order
     */
    List<String> allGather(String text);

    /**
     * Sends an event to the driver's {@link RankListener}. Events of a rank arrive in order, and all of them have arrived
     * before {@link Coordinator#run} returns. Blocks only when the driver is thousands of events behind.
     *
     * @param json one JSON value, below 16 MiB in UTF-8
     * @throws IllegalStateException when the driver is gone or takes nothing for a minute
     */
    void emit(String json);

    /** True once the driver asked for a stop (Ctrl-C, SIGTERM): save what is to be saved and return normally. */
    boolean stopRequested();

    /** True once Spark has cancelled this task: return or throw soon, saving nothing. */
    boolean cancelled();
}
