package dev.braid.parallelism.preflight;

import com.sun.management.UnixOperatingSystemMXBean;
import java.io.IOException;
import java.io.InputStream;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.InterfaceAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/** Gathers the facts of this host. Reads only; takes some milliseconds. */
public final class HostProbe {
    private static final int CLOCK_READINGS = 1000;

    private HostProbe() {}

    /** The facts now. What the system does not tell is empty. */
    public static HostFacts gather() {
        List<HostFacts.Folder> folders = new ArrayList<>();
        for (Path path : List.of(Path.of("/dev/shm"), Path.of(System.getProperty("java.io.tmpdir")))) {
            folders.add(folder(path));
        }
        boolean backwards = false;
        long step = Long.MAX_VALUE;
        long before = System.nanoTime();
        for (int i = 0; i < CLOCK_READINGS; i++) {
            long now = System.nanoTime();
            backwards |= now < before;
            if (now > before) {
                step = Math.min(step, now - before);
            }
            before = now;
        }
        return new HostFacts(
                folders,
                candidates(),
                defaultRoute(),
                nameAddress(),
                number(Path.of("/proc/sys/net/core/rmem_max")),
                number(Path.of("/proc/sys/net/core/wmem_max")),
                files(true),
                files(false),
                backwards,
                step,
                Instant.now());
    }

    private static HostFacts.Folder folder(Path path) {
        try {
            FileStore store = Files.getFileStore(path);
            return new HostFacts.Folder(path, Files.isWritable(path), store.getTotalSpace(), store.getUsableSpace());
        } catch (IOException notThere) {
            return new HostFacts.Folder(path, false, 0, 0);
        }
    }

    private static List<NetworkCandidate> candidates() {
        List<NetworkCandidate> found = new ArrayList<>();
        try {
            for (NetworkInterface network : NetworkInterface.networkInterfaces().toList()) {
                for (InterfaceAddress address : network.getInterfaceAddresses()) {
                    found.add(new NetworkCandidate(
                            network.getName(),
                            address.getAddress(),
                            network.getMTU(),
                            network.isUp(),
                            network.isLoopback()));
                }
            }
        } catch (SocketException unknown) {
            // An interface went away; the choice is made among those that were seen.
        }
        found.sort(Comparator.comparing(NetworkCandidate::interfaceName)
                .thenComparing(candidate -> candidate.address().getHostAddress()));
        return found;
    }

    /** The interface of the route to 0.0.0.0 with the least metric, as Linux lists it. */
    private static String defaultRoute() {
        Path routes = Path.of("/proc/net/route");
        try {
            return Files.readAllLines(routes).stream()
                    .map(line -> line.trim().split("\\s+"))
                    .filter(fields -> fields.length > 7 && fields[1].equals("00000000") && fields[7].equals("00000000"))
                    .min(Comparator.comparing(fields -> Integer.parseInt(fields[6])))
                    .map(fields -> fields[0])
                    .orElse("");
        } catch (IOException notLinux) {
            return "";
        }
    }

    private static Optional<String> nameAddress() {
        try {
            return Optional.of(InetAddress.getLocalHost().getHostAddress());
        } catch (UnknownHostException noSuchName) {
            return Optional.empty();
        }
    }

    /** A key of the kernel. It hands its text out in one read only: reading byte after byte, as for a file, ends too early. */
    private static OptionalLong number(Path file) {
        byte[] text = new byte[64];
        try (InputStream input = Files.newInputStream(file)) {
            int length = Math.max(0, input.read(text));
            return OptionalLong.of(Long.parseLong(new String(text, 0, length, StandardCharsets.US_ASCII).trim()));
        } catch (IOException | NumberFormatException unknown) {
            return OptionalLong.empty();
        }
    }

    private static OptionalLong files(boolean open) {
        if (ManagementFactory.getOperatingSystemMXBean() instanceof UnixOperatingSystemMXBean system) {
            return OptionalLong.of(open ? system.getOpenFileDescriptorCount() : system.getMaxFileDescriptorCount());
        }
        return OptionalLong.empty();
    }
}
