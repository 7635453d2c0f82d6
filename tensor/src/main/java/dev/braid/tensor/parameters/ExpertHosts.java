package dev.braid.tensor.parameters;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Which ranks of an expert axis share a host. A row of a token crosses once to each other host that has one of its experts: it goes
 * to the rank there that has the sender's place on its own host (modulo their number, where hosts differ), which hands it on inside
 * the host. So every rank of a host receives about as much from outside. Immutable.
 */
public final class ExpertHosts {
    private final List<List<Integer>> ranksOfHost = new ArrayList<>();
    private final int[] hostOfRank;
    private final int[] placeOfRank;

    private ExpertHosts(List<?> hosts) {
        if (hosts.isEmpty()) {
            throw new IllegalArgumentException("an expert axis has at least one rank, but hosts of none were given");
        }
        hostOfRank = new int[hosts.size()];
        placeOfRank = new int[hosts.size()];
        Map<Object, Integer> numbers = new LinkedHashMap<>();
        for (int rank = 0; rank < hostOfRank.length; rank++) {
            int host = numbers.computeIfAbsent(hosts.get(rank), name -> numbers.size());
            if (host == ranksOfHost.size()) {
                ranksOfHost.add(new ArrayList<>());
            }
            hostOfRank[rank] = host;
            placeOfRank[rank] = ranksOfHost.get(host).size();
            ranksOfHost.get(host).add(rank);
        }
    }

    /**
     * Ranks on hosts.
     *
     * @param hosts what tells the host of each rank, such as its name
     */
    public static ExpertHosts of(List<?> hosts) {
        return new ExpertHosts(hosts);
    }

    /** Ranks that are all on one host. */
    public static ExpertHosts one(int ranks) {
        return new ExpertHosts(Collections.nCopies(ranks, 0));
    }

    /** Number of ranks. */
    public int ranks() {
        return hostOfRank.length;
    }

    /** The host of a rank, numbered in the order of their first ranks. */
    public int host(int rank) {
        return hostOfRank[rank];
    }

    /** The place of a rank among those of its host. */
    public int place(int rank) {
        return placeOfRank[rank];
    }

    /** The ranks on the host of {@code rank}, itself among them, in order. */
    public List<Integer> neighbours(int rank) {
        return List.copyOf(ranksOfHost.get(hostOfRank[rank]));
    }

    /** Ranks of the host that has most. */
    public int mostOnAHost() {
        return ranksOfHost.stream().mapToInt(List::size).max().orElseThrow();
    }

    /** Whether anything is to be handed on: there are several hosts, and one of them has several ranks. */
    public boolean relays() {
        return ranksOfHost.size() > 1 && mostOnAHost() > 1;
    }

    /** From whom {@code to} gets rows of {@code from}: from itself inside a host, else from the rank on its host that hands them on. */
    public int relay(int from, int to) {
        if (host(from) == host(to)) {
            return from;
        }
        List<Integer> there = ranksOfHost.get(host(to));
        return there.get(place(from) % there.size());
    }

    /** For whom the rows are that {@code from} sends to {@code to}: for {@code to} alone, for all of its host, or for nobody. */
    public List<Integer> served(int from, int to) {
        if (host(from) == host(to)) {
            return List.of(to);
        }
        return relay(from, to) == to ? neighbours(to) : List.of();
    }
}
