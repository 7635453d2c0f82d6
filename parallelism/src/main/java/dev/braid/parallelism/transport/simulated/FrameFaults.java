package dev.braid.parallelism.transport.simulated;

/**
 * Probabilities, from 0 to 1, of what can happen to a single frame.
 *
 * @param reorder takes a delay of its own instead of waiting for the frames before it: later ones overtake it, or it overtakes
 * @param duplicate arrives twice; the second copy has a delay of its own
 * @param drop is taken, and never arrives
 * @param corrupt arrives with one bit flipped
 * @param lossAtClose of a channel, when its sender closes it: what is under way is lost from some frame on
 */
public record FrameFaults(double reorder, double duplicate, double drop, double corrupt, double lossAtClose) {
    /** Every frame arrives once, whole and in order. */
    public static final FrameFaults NONE = new FrameFaults(0, 0, 0, 0, 0);

    public FrameFaults {
        probability("reorder", reorder);
        probability("duplicate", duplicate);
        probability("drop", drop);
        probability("corrupt", corrupt);
        probability("lossAtClose", lossAtClose);
    }

    /** {@link #NONE} but for reordering. */
    public static FrameFaults reordering(double probability) {
        return new FrameFaults(probability, 0, 0, 0, 0);
    }

    /** {@link #NONE} but for duplicates. */
    public static FrameFaults duplicating(double probability) {
        return new FrameFaults(0, probability, 0, 0, 0);
    }

    /** {@link #NONE} but for lost frames. */
    public static FrameFaults dropping(double probability) {
        return new FrameFaults(0, 0, probability, 0, 0);
    }

    /** {@link #NONE} but for flipped bits. */
    public static FrameFaults corrupting(double probability) {
        return new FrameFaults(0, 0, 0, probability, 0);
    }

    /** {@link #NONE} but for frames that are lost because their sender closes. */
    public static FrameFaults losingAtClose(double probability) {
        return new FrameFaults(0, 0, 0, 0, probability);
    }

    static void probability(String name, double value) {
        if (!(value >= 0 && value <= 1)) {
            throw new IllegalArgumentException(name + " is " + value + ", must be a probability from 0 to 1");
        }
    }
}
