package dev.braid.parallelism.transport.simulated;

/** Names a frame in the trace of a simulation. Called only when the trace is printed. */
@FunctionalInterface
public interface FrameDescriber {
    /** Bytes of a frame's start that a trace keeps. */
    int KEPT = 64;

    /**
     * A few words on a frame.
     *
     * @param address of its first bytes, as its sender gave them
     * @param kept how many of them are there: {@link #KEPT}, or all of a shorter frame
     * @param bytes length of the frame
     */
    String describe(long address, int kept, int bytes);
}
