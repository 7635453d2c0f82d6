package dev.braid.parallelism.preflight;

import java.net.Inet4Address;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/** Chooses the address by which other hosts reach this one. */
public final class InterfaceChoice {
    private InterfaceChoice() {}

    /**
     * The wanted address, or the best one: an interface that is up and no loopback, that of the default route first, then the one
     * that the host's name stands for, then IP version 4 before 6, global before link-local, then by name. A host without any
     * gets its loopback, which is enough for ranks of one host.
     *
     * @param wanted name of an interface, or an address
     * @throws IllegalArgumentException when what is wanted is not there, or nothing is; it lists what there is
     */
    public static NetworkCandidate choose(HostFacts facts, Optional<String> wanted) {
        List<NetworkCandidate> candidates = facts.candidates();
        if (wanted.isPresent()) {
            return candidates.stream()
                    .filter(NetworkCandidate::up)
                    .filter(candidate -> matches(candidate, wanted.get()))
                    .min(order(facts))
                    .orElseThrow(() -> new IllegalArgumentException("parallel.bind is '" + wanted.get()
                            + "', but this host has no such interface or address that is up; it has "
                            + list(candidates)));
        }
        return candidates.stream()
                .filter(NetworkCandidate::up)
                .min(order(facts))
                .orElseThrow(() -> new IllegalArgumentException(
                        "this host has no network interface that is up, not even a loopback; it has "
                                + list(candidates)));
    }

    private static boolean matches(NetworkCandidate candidate, String wanted) {
        String address = candidate.address().getHostAddress();
        int scope = address.indexOf('%');
        return candidate.interfaceName().equals(wanted)
                || address.equals(wanted)
                || scope > 0 && address.substring(0, scope).equals(wanted);
    }

    private static Comparator<NetworkCandidate> order(HostFacts facts) {
        return Comparator.comparing(NetworkCandidate::loopback)
                .thenComparing(candidate -> candidate.address().isLinkLocalAddress())
                .thenComparing(candidate -> !candidate.interfaceName().equals(facts.defaultRoute()))
                .thenComparing(candidate -> !facts.nameAddress()
                        .equals(Optional.of(candidate.address().getHostAddress())))
                .thenComparing(candidate -> !(candidate.address() instanceof Inet4Address))
                .thenComparing(NetworkCandidate::interfaceName)
                .thenComparing(candidate -> candidate.address().getHostAddress());
    }

    static String list(List<NetworkCandidate> candidates) {
        return candidates.isEmpty()
                ? "none at all"
                : String.join(
                        ", ",
                        candidates.stream().map(NetworkCandidate::toString).toList());
    }
}
