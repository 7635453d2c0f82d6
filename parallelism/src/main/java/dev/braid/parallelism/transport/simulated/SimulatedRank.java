package dev.braid.parallelism.transport.simulated;

/** What a {@link Simulation} runs at one place of the network. */
public interface SimulatedRank {
    /**
     * Does what there is to do at {@code now}, without waiting for anything.
     *
     * @return the time at which it wants to be polled again at the latest; {@link Long#MAX_VALUE}: only when something comes for
     *     it. A time that has passed: as soon as can be.
     */
    long poll(long now);

    /** True once it has nothing more to do, well or not; it is not polled any more. */
    boolean finished();
}
