package dev.braid.trainer.train;

import dev.braid.models.Decoder;
import dev.braid.models.MicrobatchRouting;
import dev.braid.models.RoutedLayer;
import dev.braid.tensor.parameters.Parameter;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * What the mixtures of experts of a rank have to do with the micro-batches of one step: their shares, their noise, the counts of the
 * global batch, and what the routers did. Used by the rank's thread.
 */
final class StepRouting {
    private final Decoder model;
    private final List<RoutedLayer> layers;
    private final long seed;
    private final RankGroup ranks;
    private final RoutingReplay replay;
    private final Map<Integer, MicrobatchRouting> routings = new TreeMap<>();
    private final Map<Integer, double[]> counted = new HashMap<>();
    private Microbatches microbatches = new Microbatches(List.of());
    private int step;

    /** @param seed of the experiment */
    StepRouting(Decoder model, long seed, RankGroup ranks, RoutingReplay replay) {
        this.model = model;
        this.layers = model.architecture().routed();
        this.seed = seed;
        this.ranks = ranks;
        this.replay = replay;
    }

    /** The layers with a router, of the whole model. */
    List<RoutedLayer> layers() {
        return layers;
    }

    /** The next step's micro-batches. */
    void begin(int number, Microbatches ofStep) {
        step = number;
        microbatches = ofStep;
        discard();
    }

    /** What ran so far will run again. */
    void discard() {
        routings.clear();
        counted.clear();
    }

    /** That of a micro-batch: the same at each stage, and when it runs again. */
    MicrobatchRouting of(int microbatch) {
        return routings.computeIfAbsent(microbatch, this::make);
    }

    private MicrobatchRouting make(int microbatch) {
        // The gradient of the whole step is divided by the part of the tokens whose label counts, when all ranks have
        // counted.
        // With these tokens as its share, a micro-batch's losses weigh as its tokens do, and the shares of all add up
        // to 1.
        double share = (double) microbatches.validTokens(microbatch) / (microbatches.tokens() * ranks.dataRanks());
        return new MicrobatchRouting(
                        share,
                        seed(microbatch),
                        true,
                        this::overAll,
                        replay.experts(step, ranks.dataRank(), microbatch),
                        replay.keeps())
                .keepingFaults();
    }

    /** Another for each micro-batch of a run; mixed, since noise of neighbours must not be related. */
    private long seed(int microbatch) {
        long mixed = seed;
        for (long part : new long[] {step, ranks.dataRank(), microbatch}) {
            mixed = (mixed ^ (part + 1)) * 0x9E3779B97F4A7C15L;
            mixed ^= mixed >>> 29;
        }
        return mixed;
    }

    /** Counts of the micro-batches of the step so far, over the data ranks. */
    private double[] overAll(int layer, double[] counts) {
        int[] sums = new int[counts.length];
        for (int e = 0; e < sums.length; e++) {
            sums[e] = (int) counts[e];
        }
        ranks.sumOverData(sums);
        double[] all = counted.computeIfAbsent(layer, key -> new double[counts.length]);
        for (int e = 0; e < sums.length; e++) {
            all[e] += sums[e];
        }
        return all.clone();
    }

    /**
     * The step has run: what this rank answers for of what the routers did, to be added up over all ranks.
     *
     * @throws dev.braid.models.RoutingException when a router could not choose; not before, since a pass that was warmed up with weights
     *     that are taken back runs again
     */
    int[] sums() {
        routings.values().stream()
                .flatMap(routing -> routing.fault().stream())
                .findFirst()
                .ifPresent(fault -> {
                    throw fault;
                });
        routings.forEach((microbatch, routing) -> {
            if (replay.keeps()) {
                replay.chosen(step, ranks.dataRank(), microbatch, routing.chosen());
            }
        });
        StepLoads loads = new StepLoads(layers);
        if (ranks.countsLosses()) {
            routings.values().forEach(routing -> routing.loads().forEach(loads::add));
        }
        for (RoutedLayer layer : layers) {
            bias(layer).ifPresent(parameter -> {
                Parameter.Range mine = parameter.mine();
                for (long i = mine.from(); i < mine.from() + mine.count(); i++) {
                    loads.addBias(
                            layer.layer(),
                            Math.toIntExact(parameter.bandFrom() + i),
                            parameter.master().get(i));
                }
            });
        }
        return loads.toInts();
    }

    private Optional<Parameter> bias(RoutedLayer layer) {
        return model.parameters().stream()
                .filter(parameter ->
                        layer.bias().filter(parameter.name()::equals).isPresent())
                .findFirst();
    }
}
