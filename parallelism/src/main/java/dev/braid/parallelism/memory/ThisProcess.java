package dev.braid.parallelism.memory;

import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.UUID;

/** What a rank's address says of the process that the rank lives in. */
public final class ThisProcess {
    private static final String KEY = UUID.randomUUID().toString();
    private static final Path BOOT = Path.of("/proc/sys/kernel/random/boot_id");
    private static final Path PROCESS_NAMESPACE = Path.of("/proc/self/ns/pid");
    private static final String HOST_ID = hostId(BOOT, PROCESS_NAMESPACE);

    private ThisProcess() {}

    /** Unique to this JVM. */
    public static String processKey() {
        return KEY;
    }

    /** The operating system's id of this process, as processes of its namespace see it. */
    public static long processId() {
        return ProcessHandle.current().pid();
    }

    /**
     * Equal for two processes exactly when they share a running kernel and a process namespace, as two containers of one machine
     * do not. On Linux the kernel's boot id and the namespace's number; elsewhere the host's name.
     */
    public static String hostId() {
        return HOST_ID;
    }

    static String hostId(Path boot, Path namespace) {
        try {
            return Files.readString(boot).strip() + "/" + Files.readSymbolicLink(namespace);
        } catch (IOException | UnsupportedOperationException noLinux) {
            return hostName();
        }
    }

    /** The host's name, or its address where it has none. */
    public static String hostName() {
        try {
            return InetAddress.getLocalHost().getHostName();
        } catch (IOException unknown) {
            return InetAddress.getLoopbackAddress().getHostAddress();
        }
    }
}
