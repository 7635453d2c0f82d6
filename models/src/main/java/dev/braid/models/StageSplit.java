package dev.braid.models;

import dev.braid.config.Faults;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/**
 * How a decoder is cut into the stages of a pipeline: stages of neighbouring layers in order. The first stage has the embedding and
 * the last one the head; these two may do without layers, since they have something to do then, but no other: a stage that only
 * passes on what it gets would make a rank wait and copy for nothing. So a model of n layers has n + 2 stages at most.
 */
public record StageSplit(List<Stage> stages) {
    private static final String KEY = "pipeline.layers";

    public StageSplit {
        stages = List.copyOf(stages);
    }

    /** The whole model as one stage. */
    public static StageSplit whole(int layers) {
        return byHand(List.of(layers));
    }

    /**
     * A split with the given numbers of layers, one a stage.
     *
     * @throws IllegalArgumentException when a stage between the first and the last has none
     */
    public static StageSplit byHand(List<Integer> layers) {
        int last = layers.size() - 1;
        List<Stage> stages = new ArrayList<>();
        int from = 0;
        for (int stage = 0; stage <= last; stage++) {
            int to = from + layers.get(stage);
            if (to < from || to == from && stage > 0 && stage < last) {
                throw new IllegalArgumentException(
                        "stage " + stage + " of " + layers + " has no layer: only the first and the last stage may");
            }
            stages.add(new Stage(from, to, stage == 0, stage == last));
            from = to;
        }
        return new StageSplit(stages);
    }

    /** Reports everything that is wrong with a list that a person wrote as {@code pipeline.layers}. */
    public static void validate(List<Integer> written, int layers, int stages, Faults faults) {
        if (written.size() != stages) {
            faults.add(
                    KEY,
                    "has " + written.size() + " numbers, but the pipeline has " + stages + " stages",
                    "write one number of layers for each stage, or auto");
        }
        long sum = written.stream().mapToLong(Integer::longValue).sum();
        if (sum != layers) {
            faults.add(
                    KEY,
                    "adds up to " + sum + " layers, but model.layers is " + layers,
                    "raise or lower some of the numbers by " + Math.abs(sum - layers) + " in all");
        }
        for (int stage = 0; stage < written.size(); stage++) {
            boolean end = stage == 0 || stage == written.size() - 1;
            int count = written.get(stage);
            if (count < 0) {
                faults.add(KEY + "." + stage, "is " + count + ", must be at least " + (end ? 0 : 1), "");
            } else if (count == 0 && !end) {
                faults.add(
                        KEY + "." + stage,
                        "is 0: a stage between the first and the last has neither embedding nor head and would only pass"
                                + " on what it gets",
                        "give it a layer, or use fewer stages");
            }
        }
    }

    /** The most stages that {@code layers} can be cut into. */
    public static int most(int layers) {
        return layers + 2;
    }

    /**
     * The split whose most expensive stage is as cheap as can be; of several such the one with the smallest sum of squares, which
     * keeps the other stages alike too; of several such the one with fewer layers in early stages, which hold more activations.
     * Exact, in {@code stages * layers^2} steps.
     *
     * @throws IllegalArgumentException when there are more stages than {@link #most}
     */
    public static StageSplit byCost(LayerCosts costs, int stages) {
        int layers = costs.layers().size();
        if (stages < 1 || stages > most(layers)) {
            throw new IllegalArgumentException(layers + " layers can't be cut into " + stages
                    + " stages: allowed are 1 to " + most(layers)
                    + ", as only the first stage, with the embedding, and the last, with the head, may have no layer;"
                    + " lower parallel.pipeline or pipeline.virtual_stages, or raise model.layers");
        }
        double largest = new Search(costs, stages, Double.POSITIVE_INFINITY, Math::max).least();
        return new Search(costs, stages, largest, (sum, cost) -> sum + cost * cost).split();
    }

    /** Names of the units of each stage, see {@link Stage#units}. */
    public List<List<String>> units(boolean again, boolean modules) {
        return stages.stream().map(stage -> stage.units(again, modules)).toList();
    }

    /** Adds a stage's cost to the figure of those before it. */
    private interface Figure {
        double with(double before, double cost);
    }

    /** Finds the split with the least figure among those whose stages cost at most {@code limit}. */
    private static final class Search {
        private final int stages;
        private final int layers;

        /** By stage and by the layer behind its last one: the least figure of all stages up to it, and where it begins then. */
        private final double[][] least;

        private final int[][] from;

        Search(LayerCosts costs, int stages, double limit, Figure figure) {
            this.stages = stages;
            this.layers = costs.layers().size();
            this.least = new double[stages][layers + 1];
            this.from = new int[stages][layers + 1];
            for (int stage = 0; stage < stages; stage++) {
                for (int to = 0; to <= layers; to++) {
                    least[stage][to] = Double.POSITIVE_INFINITY;
                    for (int begin = 0; begin <= to; begin++) {
                        consider(costs, stage, begin, to, limit, figure);
                    }
                }
            }
        }

        private void consider(LayerCosts costs, int stage, int begin, int to, double limit, Figure figure) {
            boolean first = stage == 0;
            boolean last = stage == stages - 1;
            boolean idle = begin == to && !first && !last;
            double before = first ? (begin == 0 ? 0 : Double.POSITIVE_INFINITY) : least[stage - 1][begin];
            double cost = costs.of(new Stage(begin, to, first, last));
            if (idle || cost > limit) {
                return;
            }
            double with = figure.with(before, cost);
            if (with < least[stage][to]) {
                least[stage][to] = with;
                from[stage][to] = begin;
            }
        }

        double least() {
            return least[stages - 1][layers];
        }

        StageSplit split() {
            List<Integer> counts = new ArrayList<>(
                    IntStream.range(0, stages).mapToObj(stage -> 0).toList());
            int to = layers;
            for (int stage = stages - 1; stage >= 0; stage--) {
                counts.set(stage, to - from[stage][to]);
                to = from[stage][to];
            }
            return byHand(counts);
        }
    }
}
