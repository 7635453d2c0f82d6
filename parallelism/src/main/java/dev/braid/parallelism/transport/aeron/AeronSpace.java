package dev.braid.parallelism.transport.aeron;

import java.io.IOException;
import java.nio.file.Path;

/**
 * Free space where log buffers go. Aeron would notice as well; this says where, how much, and what to do. A log buffer that is
 * made has all its pages, so one check before making it is enough.
 */
final class AeronSpace {
    private AeronSpace() {}

    /** The message that there is too little; empty when there is enough, or nobody can say. */
    static String check(Path folder, long needed, String what) {
        try {
            long free = HostFolder.freeBytes(folder);
            return free < needed ? tooLittle(folder, needed, free, what) : "";
        } catch (IOException unknown) {
            // Then the driver's own check decides.
            return "";
        }
    }

    static String tooLittle(Path folder, long needed, long free, String what) {
        return folder + " has " + free + " bytes free, " + what + " needs " + needed
                + ": enlarge it (mount -o remount,size=... /dev/shm, docker --shm-size, or in Kubernetes an emptyDir of medium"
                + " Memory mounted there), or lower memoryLimit";
    }
}
