package dev.braid.parallelism.preflight;

import dev.braid.parallelism.transport.aeron.AeronSizes;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;

/** Judges whether ranks can communicate on a host, and says what to change. A pure function of facts. */
public final class Preflight {
    /** The window that fills a fast network; smaller ones work, but wait for the receiver more often. */
    private static final long WANTED_BUFFER = 2L << 20;
    /** Log buffers are mapped files, and a rank opens one for each channel. */
    private static final int FILES_EACH_PEER = 6;

    private static final int FILES_BESIDES = 256;
    /** Before the first release of Java 25 no clock can be right. */
    private static final Instant EARLIEST = Instant.parse("2025-09-16T00:00:00Z");

    private static final Instant LATEST = Instant.parse("2100-01-01T00:00:00Z");
    private static final long COARSE_CLOCK_NANOS = 1_000_000;

    private Preflight() {}

    /**
     * All checks.
     *
     * @param facts of the host
     * @param bind the wanted interface or address, if any
     * @param sizes of channels
     * @param localRanks how many ranks will run on the host, at least 1
     */
    public static List<Check> evaluate(HostFacts facts, Optional<String> bind, AeronSizes sizes, int localRanks) {
        List<Check> checks = new ArrayList<>();
        checks.add(space(facts, sizes, localRanks));
        checks.add(buffer("receive buffer", "net.core.rmem_max", facts.receiveBufferLimit()));
        checks.add(buffer("send buffer", "net.core.wmem_max", facts.sendBufferLimit()));
        checks.addAll(network(facts, bind));
        checks.add(clock(facts));
        checks.add(wallClock(facts));
        checks.add(files(facts, sizes, localRanks));
        return List.copyOf(checks);
    }

    /** True when nothing has to be changed. */
    public static boolean passed(List<Check> checks) {
        return checks.stream().allMatch(Check::passed);
    }

    /** A table for a person. */
    public static String describe(List<Check> checks) {
        StringBuilder text = new StringBuilder();
        for (Check check : checks) {
            text.append(String.format(
                    Locale.ROOT, "%-6s %-15s %s%n", check.passed() ? "ok" : "CHANGE", check.name(), check.found()));
            if (!check.passed()) {
                text.append(String.format(Locale.ROOT, "%-22s -> %s%n", "", check.change()));
            }
        }
        return text.toString();
    }

    private static Check space(HostFacts facts, AeronSizes sizes, int localRanks) {
        long needed = localRanks * Math.max(sizes.ipcBytes(), sizes.udpBytes()) + AeronSizes.driverBytes(sizes.ranks());
        List<String> found = new ArrayList<>();
        for (HostFacts.Folder folder : facts.folders()) {
            if (folder.writable() && folder.freeBytes() >= needed) {
                boolean best = found.isEmpty();
                String room = folder.path() + " has " + mebibytes(folder.freeBytes()) + " free, at most "
                        + mebibytes(needed) + " are needed";
                return best
                        ? Check.pass("space", room)
                        : Check.fail(
                                "space",
                                String.join("; ", found) + "; " + room + ", but it may be a disk",
                                grow(facts.folders().getFirst(), needed));
            }
            found.add(folder.path()
                    + (folder.writable() ? " has " + mebibytes(folder.freeBytes()) + " free" : " cannot be written"));
        }
        return Check.fail(
                "space",
                String.join("; ", found) + "; up to " + mebibytes(needed) + " are needed",
                grow(facts.folders().getFirst(), needed) + "; or lower memoryLimit");
    }

    private static String grow(HostFacts.Folder folder, long needed) {
        long size = folder.totalBytes() - folder.freeBytes() + needed;
        String mebibytes = (size + (1 << 20) - 1 >> 20) + "m";
        return "mount -o remount,size=" + mebibytes + " " + folder.path() + ", docker run --shm-size=" + mebibytes
                + ", or in Kubernetes an emptyDir of medium Memory and this size mounted there";
    }

    private static Check buffer(String name, String key, OptionalLong limit) {
        if (limit.isEmpty()) {
            return Check.pass(name, "the system has no " + key);
        }
        String found = key + " is " + limit.getAsLong();
        return limit.getAsLong() >= WANTED_BUFFER
                ? Check.pass(name, found)
                : Check.fail(
                        name,
                        found + ", a window of " + WANTED_BUFFER + " is wanted",
                        "sysctl -w " + key + "=" + 2 * WANTED_BUFFER + " (on the host, not in the container)");
    }

    private static List<Check> network(HostFacts facts, Optional<String> bind) {
        NetworkCandidate chosen;
        try {
            chosen = InterfaceChoice.choose(facts, bind);
        } catch (IllegalArgumentException nothing) {
            return List.of(Check.fail("interface", nothing.getMessage(), "set parallel.bind to one of these"));
        }
        String found = chosen + (bind.isPresent() ? ", as parallel.bind says" : "") + "; there are "
                + InterfaceChoice.list(facts.candidates());
        if (chosen.loopback() && bind.isEmpty()) {
            found += "; only ranks of this host can reach it";
        }
        return List.of(Check.pass("interface", found), mtu(chosen));
    }

    private static Check mtu(NetworkCandidate chosen) {
        String found = chosen.interfaceName() + " has mtu " + chosen.mtu();
        return chosen.mtu() >= 1280
                ? Check.pass("mtu", found)
                : Check.fail(
                        "mtu",
                        found + ", at least 1280 is wanted",
                        "ip link set " + chosen.interfaceName() + " mtu 1500, or 9000 where the switches carry it");
    }

    private static Check clock(HostFacts facts) {
        if (facts.clockBackwards()) {
            return Check.fail(
                    "clock",
                    "the monotonic clock went backwards",
                    "take another clock source: /sys/devices/system/clocksource/clocksource0/current_clocksource");
        }
        String found = "monotonic, in steps of " + facts.clockStepNanos() + " ns";
        return facts.clockStepNanos() <= COARSE_CLOCK_NANOS
                ? Check.pass("clock", found)
                : Check.fail(
                        "clock",
                        found + ", which is too coarse for deadlines",
                        "take another clock source: /sys/devices/system/clocksource/clocksource0/current_clocksource");
    }

    private static Check wallClock(HostFacts facts) {
        boolean plausible =
                facts.wallClock().isAfter(EARLIEST) && facts.wallClock().isBefore(LATEST);
        return plausible
                ? Check.pass("time of day", facts.wallClock().toString())
                : Check.fail(
                        "time of day",
                        facts.wallClock() + " cannot be right; times in records would mislead",
                        "set the clock, for instance by chrony or systemd-timesyncd");
    }

    private static Check files(HostFacts facts, AeronSizes sizes, int localRanks) {
        if (facts.openFileLimit().isEmpty() || facts.openFiles().isEmpty()) {
            return Check.pass("open files", "the system does not tell its limit");
        }
        long needed = facts.openFiles().getAsLong()
                + FILES_BESIDES
                + (long) localRanks * FILES_EACH_PEER * Math.max(1, sizes.ranks() - 1);
        String found =
                "a process may have " + facts.openFileLimit().getAsLong() + " open, up to " + needed + " are needed";
        return facts.openFileLimit().getAsLong() >= needed
                ? Check.pass("open files", found)
                : Check.fail(
                        "open files",
                        found,
                        "ulimit -n " + needed + " before the JVM starts, or LimitNOFILE= of its service");
    }

    private static String mebibytes(long bytes) {
        return (bytes >> 20) + " MiB";
    }
}
