package dev.braid.parallelism;

import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/**
 * Time of a collective by alpha, beta and gamma: seconds a message, a byte moved, a byte added. Its figures decide which
 * algorithm {@link Algorithm#AUTO} takes, so all ranks must hold the same ones.
 *
 * @param links figures by transport name
 */
public record CostModel(Map<String, Figures> links) {
    /** Seconds a message, a byte carried, a byte added to a sum. */
    public record Figures(double alpha, double beta, double gamma) {}

    public CostModel {
        links = Map.copyOf(links);
    }

    /** Round figures to start from, within a factor of two or three of a machine with two Zen 5 cores; not fitted to it. */
    public static CostModel defaults() {
        return new CostModel(Map.of(
                "shared", new Figures(4e-6, 0.08e-9, 0.05e-9),
                "ipc", new Figures(6e-6, 0.3e-9, 0.05e-9),
                "udp", new Figures(40e-6, 1.2e-9, 0.05e-9),
                "tcp", new Figures(25e-6, 0.35e-9, 0.05e-9),
                "simulated", new Figures(10e-6, 0.1e-9, 0.05e-9)));
    }

    /** Seconds of an all-reduce of {@code bytes} over {@code ranks} by {@link Algorithm#DIRECT}. */
    public double direct(String link, int ranks, long bytes) {
        Figures figures = figures(link);
        double share = (ranks - 1.0) / ranks * bytes;
        return 2 * (ranks - 1) * figures.alpha + 2 * share * figures.beta + bytes * figures.gamma;
    }

    /** Seconds of an all-reduce of {@code bytes} over {@code ranks} by {@link Algorithm#GATHER_ADD}. */
    public double gatherAdd(String link, int ranks, long bytes) {
        Figures figures = figures(link);
        return (ranks - 1) * figures.alpha
                + (ranks - 1.0) * bytes * figures.beta
                + (double) ranks * bytes * figures.gamma;
    }

    /** Seconds of an all-reduce of {@code bytes} over {@code ranks} by {@link Algorithm#RING}. */
    public double ring(String link, int ranks, long bytes) {
        Figures figures = figures(link);
        double share = (ranks - 1.0) / ranks * bytes;
        return 2 * (ranks - 1) * figures.alpha + 2 * share * figures.beta + share * figures.gamma;
    }

    /** Seconds of an all-reduce of {@code bytes} over {@code ranks}, a power of two, by {@link Algorithm#RECURSIVE_DOUBLING}. */
    public double recursiveDoubling(String link, int ranks, long bytes) {
        Figures figures = figures(link);
        int stages = 32 - Integer.numberOfLeadingZeros(ranks - 1);
        return stages * (figures.alpha + bytes * figures.beta + bytes * figures.gamma);
    }

    /** Bytes up to which an all-reduce over {@code ranks} is as fast by {@link Algorithm#GATHER_ADD} as by direct slices. */
    public long crossover(String link, int ranks) {
        Figures figures = figures(link);
        // gatherAdd - direct grows with the bytes by this much a byte, from -(ranks - 1) alpha on.
        double slope = (ranks - 1.0) * (1 - 2.0 / ranks) * figures.beta + (ranks - 1.0) * figures.gamma;
        return slope == 0 ? Long.MAX_VALUE : (long) ((ranks - 1) * figures.alpha / slope);
    }

    /** The faster of the two canonical algorithms of an all-reduce. */
    public Algorithm allReduce(String link, int ranks, long bytes) {
        return gatherAdd(link, ranks, bytes) <= direct(link, ranks, bytes) ? Algorithm.GATHER_ADD : Algorithm.DIRECT;
    }

    /** A table for a person. */
    public String describe() {
        StringBuilder text = new StringBuilder(String.format(
                Locale.ROOT,
                "%-10s %12s %12s %12s   gather-and-add up to bytes: %10s %10s %10s%n",
                "transport",
                "alpha us",
                "beta ns/KB",
                "gamma ns/KB",
                "2 ranks",
                "4 ranks",
                "8 ranks"));
        new TreeMap<>(links)
                .forEach((name, f) -> text.append(String.format(
                        Locale.ROOT,
                        "%-10s %12.1f %12.1f %12.1f   %27s %10d %10d %10d%n",
                        name,
                        f.alpha * 1e6,
                        f.beta * 1e12,
                        f.gamma * 1e12,
                        "",
                        crossover(name, 2),
                        crossover(name, 4),
                        crossover(name, 8))));
        return text.toString();
    }

    private Figures figures(String link) {
        Figures figures = links.get(link);
        if (figures == null) {
            throw new IllegalArgumentException("the cost model has no figures for transport '" + link + "', only for "
                    + new TreeMap<>(links).keySet());
        }
        return figures;
    }
}
