package dev.braid.parallelism.transport.simulated;

/** Something that will happen, as one number: its kind, a frame's slot, and the number of a channel, a rank or a fault. */
final class Event {
    /** What happens. */
    enum Kind {
        /** A frame arrives at the receiver of a channel. */
        FRAME,
        /** A channel can be used. */
        CONNECTED,
        /** The receiver of a channel learns that it ended. */
        ENDED,
        /** The sender of a channel learns that it is broken. */
        BROKEN,
        /** A scheduled kill. */
        KILL,
        /** A scheduled cut. */
        CUT,
        /** A rank stops. */
        STOPPED,
        /** A rank goes on. */
        RESUMED
    }

    private static final Kind[] KINDS = Kind.values();

    private Event() {}

    static long of(Kind kind, int number) {
        return ((long) kind.ordinal() << 60) | number;
    }

    static long frame(int slot, int channel) {
        return of(Kind.FRAME, channel) | ((long) slot << 32);
    }

    static Kind kind(long event) {
        return KINDS[(int) (event >>> 60)];
    }

    static int slot(long event) {
        return (int) (event >>> 32) & 0xFFFFFFF;
    }

    static int number(long event) {
        return (int) event;
    }
}
