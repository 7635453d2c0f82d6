package dev.braid.models;

import dev.braid.tensor.Tensor;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * What mixtures of experts have to do with a micro-batch beyond its tokens: what share of the step it is, where the choice of experts
 * is written down, and what other ranks have chosen. A layer that backward runs again finds what it wrote down the first time. Used
 * by one thread.
 */
public final class MicrobatchRouting {
    private final double share;
    private final long seed;
    private final GlobalCounts overRanks;
    private final Map<Integer, int[]> replayed;
    private final Map<Integer, int[]> chosen = new HashMap<>();
    private final Map<Integer, LayerLoad> loads = new TreeMap<>();
    private final Map<Integer, double[]> globalCounts = new HashMap<>();
    private final boolean training;
    private final boolean keepsChoices;
    private boolean keepsFaults;
    private Optional<RoutingException> kept = Optional.empty();

    /**
     * Of one micro-batch.
     *
     * @param share of the step's gradient, over all data ranks, that is this micro-batch's: the factor of its own losses
     * @param seed of noise, another for each micro-batch
     * @param training whether routers may draw noise
     * @param overRanks adds counts up over the data ranks and the micro-batches of the step so far; all ranks call it alike
     * @param replayed experts [tokens * slots] by layer that are taken instead of a router's choice
     * @param keepsChoices whether {@link #chosen} is wanted
     */
    public MicrobatchRouting(
            double share,
            long seed,
            boolean training,
            GlobalCounts overRanks,
            Map<Integer, int[]> replayed,
            boolean keepsChoices) {
        this.share = share;
        this.seed = seed;
        this.training = training;
        this.overRanks = overRanks;
        this.replayed = Map.copyOf(replayed);
        this.keepsChoices = keepsChoices;
    }

    /** A micro-batch that is all there is. */
    public static MicrobatchRouting alone() {
        return new MicrobatchRouting(1, 0, false, GlobalCounts.ALONE, Map.of(), false);
    }

    double share() {
        return share;
    }

    boolean training() {
        return training;
    }

    long seed(int layer) {
        return seed * 1_000_003 + layer;
    }

    /** What each layer's router did. */
    public Map<Integer, LayerLoad> loads() {
        return Map.copyOf(loads);
    }

    /** Experts [tokens * slots] by layer, if they were to be kept. */
    public Map<Integer, int[]> chosen() {
        return Map.copyOf(chosen);
    }

    /** Counts of the global batch so far, asked for once: a layer that runs again finds the same. */
    double[] global(int layer, double[] counts) {
        return globalCounts.computeIfAbsent(layer, key -> overRanks.with(layer, counts));
    }

    /** The experts to be taken instead of a choice. */
    Optional<int[]> replayed(int layer) {
        return Optional.ofNullable(replayed.get(layer));
    }

    private static int[] ints(Tensor tensor) {
        int[] values = new int[Math.toIntExact(tensor.count())];
        for (int i = 0; i < values.length; i++) {
            values[i] = tensor.getInt(i);
        }
        return values;
    }

    /** Writes down what layer {@code layer} did. */
    void record(int layer, Tensor experts, LayerLoad load) {
        loads.put(layer, load);
        if (keepsChoices) {
            chosen.put(layer, ints(experts));
        }
    }

    /**
     * A layer whose router can't choose is remembered instead of failing at once: for whoever may still take back the weights that it
     * ran with.
     */
    public MicrobatchRouting keepingFaults() {
        keepsFaults = true;
        return this;
    }

    /** A layer's router could not choose. */
    void fault(RoutingException fault) {
        if (!keepsFaults) {
            throw fault;
        }
        if (kept.isEmpty()) {
            kept = Optional.of(fault);
        }
    }

    /** The first fault that was kept. */
    public Optional<RoutingException> fault() {
        return kept;
    }
}
