package dev.braid.trainer.bench;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Hosts that are network namespaces of this machine, each with a virtual cable to a switch in a namespace of its own. Nothing is
 * added to the machine's own network. The address of host h is 10.77.0.(h + 1), that of the switch's namespace 10.77.0.254.
 */
final class Namespaces implements AutoCloseable {
    static final String HUB_ADDRESS = "10.77.0.254";

    private static final String PREFIX = "braidnet-";
    private static final Pattern NAME = Pattern.compile("(" + PREFIX + "(\\d+)-\\w+)\\b.*");
    /** A host has a /dev/shm of its own; without it, ranks of all hosts would meet in one folder of shared memory. */
    private static final String OWN_SHARED_MEMORY = "mount -t tmpfs -o size=1g braid /dev/shm && exec \"$@\"";

    private final String prefix = PREFIX + ProcessHandle.current().pid() + "-";
    private final List<String> made = new ArrayList<>();

    private Namespaces() {}

    /** Sets them up; empty with a message on standard output where that is not permitted. */
    static Optional<Namespaces> open(int hosts) throws IOException {
        Namespaces namespaces = new Namespaces();
        try {
            if (!supported()) {
                return Optional.empty();
            }
            removeLeftovers();
            namespaces.setUp(hosts);
            return Optional.of(namespaces);
        } catch (IOException | RuntimeException failure) {
            namespaces.close();
            throw failure;
        }
    }

    private static boolean supported() {
        String probe = PREFIX + ProcessHandle.current().pid() + "-probe";
        try {
            ip("netns add " + probe);
            try {
                ip("-n " + probe + " link add name left type veth peer name right");
                return true;
            } finally {
                ip("netns del " + probe);
            }
        } catch (IOException refused) {
            System.out.println("network namespaces can't be made here: " + refused.getMessage());
            return false;
        }
    }

    private void setUp(int hosts) throws IOException {
        String hub = add("hub");
        ip("-n " + hub + " link set lo up");
        ip("-n " + hub + " link add name switch type bridge");
        ip("-n " + hub + " addr add " + HUB_ADDRESS + "/24 dev switch");
        ip("-n " + hub + " link set switch up");
        for (int host = 0; host < hosts; host++) {
            String name = add(Integer.toString(host));
            ip("-n " + name + " link set lo up");
            ip("-n " + name + " link add name eth0 type veth peer name port" + host + " netns " + hub);
            ip("-n " + name + " addr add " + address(host) + "/24 dev eth0");
            ip("-n " + name + " link set eth0 up");
            ip("-n " + hub + " link set port" + host + " master switch up");
        }
    }

    private String add(String suffix) throws IOException {
        String name = prefix + suffix;
        ip("netns add " + name);
        made.add(name);
        return name;
    }

    static String address(int host) {
        return "10.77.0." + (host + 1);
    }

    /** Words that start a program on a host. */
    String[] on(int host) {
        return new String[] {"ip", "netns", "exec", prefix + host, "sh", "-c", OWN_SHARED_MEMORY, "sh"};
    }

    /** Words that start a program at the switch. */
    String[] onHub() {
        return new String[] {"ip", "netns", "exec", prefix + "hub"};
    }

    /** Pulls a host's cable. */
    void cut(int host) throws IOException {
        ip("-n " + prefix + "hub link set port" + host + " down");
    }

    /** Names of namespaces that a test made and a process that no longer lives. */
    static List<String> leftovers(String listing) {
        List<String> names = new ArrayList<>();
        for (String line : listing.lines().toList()) {
            Matcher matcher = NAME.matcher(line);
            if (matcher.matches()
                    && ProcessHandle.of(Long.parseLong(matcher.group(2))).isEmpty()) {
                names.add(matcher.group(1));
            }
        }
        return names;
    }

    private static void removeLeftovers() throws IOException {
        for (String name : leftovers(ip("netns list"))) {
            ip("netns del " + name);
        }
    }

    private static String ip(String arguments) throws IOException {
        Process process = new ProcessBuilder(("ip " + arguments).split(" "))
                .redirectErrorStream(true)
                .start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
        try {
            if (process.waitFor() != 0) {
                throw new IOException("'ip " + arguments + "': " + said);
            }
        } catch (InterruptedException hurry) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("'ip " + arguments + "' was not waited for");
        }
        return said;
    }

    /** Takes them away, cables included; processes in them must have ended. */
    @Override
    public void close() throws IOException {
        IOException first = null;
        while (!made.isEmpty()) {
            try {
                ip("netns del " + made.removeLast());
            } catch (IOException failure) {
                first = first == null ? failure : first;
            }
        }
        if (first != null) {
            throw first;
        }
    }
}
