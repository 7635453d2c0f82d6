package dev.braid.trainer.train;

import dev.braid.models.LayerLoad;
import dev.braid.models.RoutedLayer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * What the routers of a model did in a step, as whole numbers that can be added up over micro-batches and ranks in any order: every
 * layout has the same sums. Used by the rank's thread.
 */
final class StepLoads {
    /** Figures that are no counts are taken in parts of {@code 2^-24}. */
    private static final double UNIT = 0x1p-24;

    private static final int SINGLE = 4;
    private static final int DROPPED = 0;
    private static final int TOKENS = 1;
    private static final int ENTROPY = 2;
    private static final int Z = 3;
    private static final int LIMBS = StepTotals.limbs(0).length;

    private final List<RoutedLayer> layers;
    private final List<long[]> sums;

    /** Nothing yet, of all layers with a router, whether this rank holds them or not. */
    StepLoads(List<RoutedLayer> layers) {
        this.layers = layers;
        this.sums = layers.stream()
                .map(layer -> new long[SINGLE + 3 * layer.experts()])
                .toList();
    }

    /** Adds what the layer at {@code layer} of the model did with a micro-batch. */
    void add(int layer, LayerLoad load) {
        long[] sum = of(layer);
        int experts = load.counts().length;
        sum[DROPPED] += load.dropped();
        sum[TOKENS] += load.tokens();
        sum[ENTROPY] += fixed(load.entropySum());
        sum[Z] += fixed(load.zLoss() * load.tokens());
        for (int e = 0; e < experts; e++) {
            sum[SINGLE + e] += load.counts()[e];
            sum[SINGLE + experts + e] += fixed(load.probabilitySums()[e]);
        }
    }

    /** Adds an expert's bias, which one rank answers for. */
    void addBias(int layer, int expert, double bias) {
        long[] sum = of(layer);
        sum[sum.length - (sum.length - SINGLE) / 3 + expert] += fixed(bias);
    }

    private long[] of(int layer) {
        for (int i = 0; i < layers.size(); i++) {
            if (layers.get(i).layer() == layer) {
                return sums.get(i);
            }
        }
        throw new IllegalArgumentException("layer " + layer + " has no router");
    }

    private static long fixed(double value) {
        return Math.round(value / UNIT);
    }

    /** All sums in whole numbers, as many at every rank. */
    int[] toInts() {
        long[] all = sums.stream().flatMapToLong(Arrays::stream).toArray();
        int[] ints = new int[LIMBS * all.length];
        for (int i = 0; i < all.length; i++) {
            System.arraycopy(StepTotals.limbs(all[i]), 0, ints, LIMBS * i, LIMBS);
        }
        return ints;
    }

    /** The figures of all layers that added sums stand for. */
    static List<RouterLoad> read(List<RoutedLayer> layers, int[] ints) {
        List<RouterLoad> loads = new ArrayList<>();
        int from = 0;
        for (RoutedLayer layer : layers) {
            long[] sum = new long[SINGLE + 3 * layer.experts()];
            for (int i = 0; i < sum.length; i++) {
                sum[i] = StepTotals.number(Arrays.copyOfRange(ints, from + LIMBS * i, from + LIMBS * (i + 1)));
            }
            from += LIMBS * sum.length;
            loads.add(load(layer, sum));
        }
        return loads;
    }

    private static RouterLoad load(RoutedLayer layer, long[] sum) {
        int experts = layer.experts();
        double tokens = Math.max(1, sum[TOKENS]);
        List<Long> counts = new ArrayList<>();
        List<Double> bias = new ArrayList<>();
        double products = 0;
        double all = 0;
        for (int e = 0; e < experts; e++) {
            long count = sum[SINGLE + e];
            counts.add(count);
            all += count;
            products += count * (sum[SINGLE + experts + e] * UNIT / tokens);
            bias.add(sum[SINGLE + 2 * experts + e] * UNIT);
        }
        return new RouterLoad(
                layer.layer(),
                counts,
                sum[DROPPED],
                layer.capacity(),
                sum[ENTROPY] * UNIT / tokens,
                all == 0 ? 0 : experts * products / all,
                sum[Z] * UNIT / tokens,
                layer.bias().isPresent() ? bias : List.of());
    }
}
