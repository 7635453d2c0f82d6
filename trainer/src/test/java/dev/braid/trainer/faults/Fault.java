package dev.braid.trainer.faults;

/** What is done to a running world of ranks. */
enum Fault {
    /** {@code kill -9} of a rank that does not run the media driver. */
    KILL,
    /** {@code kill -9} of the rank whose JVM runs the media driver. */
    KILL_WITH_DRIVER,
    /** {@code kill -9} of any rank while the links are being opened. */
    KILL_JOINING,
    /** {@code kill -STOP} of a rank that does not run the media driver. */
    STOP,
    /** {@code kill -STOP} of the rank whose JVM runs the media driver. */
    STOP_WITH_DRIVER,
    /** {@code kill -9} of a JVM that runs the media driver and is no rank. */
    KILL_DRIVER;

    boolean stops() {
        return this == STOP || this == STOP_WITH_DRIVER;
    }
}
