package dev.braid.trainer.spark;

import java.util.List;

/** What a {@link RankProgram} knows about itself and its run. All methods may be called from any thread of the rank. */
public interface RankContext {
    /** 0 to {@code ranks() - 1}; the same in every attempt, whatever executor it lands on. */
    int rank();

    int ranks();

    /** 0 for the first start; a later one must take its state from the newest checkpoint. */
    int attempt();

    /** The processor cores that this rank may use. */
    int cores();

    /** All ranks of this attempt, in rank order. */
    List<RankMember> members();

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
