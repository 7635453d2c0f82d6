package dev.braid.parallelism.transport.simulated;

/** What can happen in a simulated network. */
enum TraceKind {
    DIALLED("dials"),
    CONNECTED("is connected"),
    SENT("sends"),
    BUSY("must wait to send"),
    DROPPED("loses a frame by chance"),
    CUT_OFF("loses a frame to a partition"),
    HELD("sends a frame that is held by a partition"),
    CORRUPTED("sends a frame that loses a bit, number"),
    DUPLICATED("sends a frame that is doubled"),
    ARRIVED("has a frame arrive"),
    DISCARDED("has a frame lost before it arrives"),
    DELIVERED("has a frame delivered"),
    REFUSED("is refused"),
    CLOSED("closes"),
    ENDED("ends for the receiver"),
    BROKEN("breaks for the sender"),
    KILLED("dies"),
    STOPPED("stops"),
    RESUMED("resumes"),
    LEFT("closes its transport"),
    POLLED("is polled");

    private final String verb;

    TraceKind(String verb) {
        this.verb = verb;
    }

    String verb() {
        return verb;
    }

    /** True when the number that comes with it is a count of bytes. */
    boolean countsBytes() {
        return this == SENT || this == ARRIVED || this == DISCARDED || this == DELIVERED;
    }
}
