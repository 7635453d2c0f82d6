package dev.braid.trainer.config;

import dev.braid.config.Faults;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/** The layout without faults that differs least from one that has some. */
final class NearestLayout {
    private static final int FEWER_TRIED = 4096;

    private final LayoutRules rules;
    private final ParallelConfig from;
    private final int ownFaults;

    NearestLayout(LayoutRules rules, ParallelConfig from) {
        this.rules = rules;
        this.from = from;
        this.ownFaults = faults(from);
    }

    /** In words: of the same number of ranks, or else of the next smaller one that has such a layout. */
    String describe() {
        int ranks = from.ranks();
        Optional<ParallelConfig> same = of(ranks);
        if (same.isPresent()) {
            return "the nearest layout of " + ranks + " ranks that does is " + text(same.get());
        }
        for (int fewer = ranks - 1; fewer >= Math.max(1, ranks - FEWER_TRIED); fewer--) {
            Optional<ParallelConfig> found = of(fewer);
            if (found.isPresent()) {
                return "no layout of " + ranks + " ranks does; the nearest of fewer is " + text(found.get()) + " = "
                        + fewer + (fewer == 1 ? " rank" : " ranks");
            }
        }
        return "";
    }

    /** The nearest one of exactly {@code ranks} ranks. */
    Optional<ParallelConfig> of(int ranks) {
        List<ParallelConfig> candidates = new ArrayList<>();
        for (int pipeline : pipelines(ranks)) {
            for (int tensor : divisors(ranks / pipeline)) {
                for (int shard : divisors(ranks / pipeline / tensor)) {
                    for (int expert : experts(shard)) {
                        candidates.add(from.over(pipeline, ranks / pipeline / tensor / shard, shard, tensor, expert));
                    }
                }
            }
        }
        return candidates.stream()
                // Of equally near ones that with the same pipeline, then with the same tensor groups, and then the one
                // that
                // divides more.
                .sorted(Comparator.comparingLong(this::distance)
                        .thenComparing(this::pipelineDistance)
                        .thenComparing(this::tensorDistance)
                        .thenComparing(
                                Comparator.comparingInt(ParallelConfig::shard).reversed()))
                .filter(layout ->
                        faults(layout) <= ownFaults && rules.problems(layout).isEmpty())
                .findFirst();
    }

    private long distance(ParallelConfig layout) {
        return ratio(layout.replicate(), from.replicate())
                + ratio(layout.shard(), from.shard())
                + pipelineDistance(layout)
                + tensorDistance(layout)
                + ratio(layout.expert(), from.expert());
    }

    private long pipelineDistance(ParallelConfig layout) {
        return ratio(layout.pipeline(), from.pipeline());
    }

    private long tensorDistance(ParallelConfig layout) {
        return ratio(layout.tensor(), from.tensor());
    }

    /** How many times larger one is, as a logarithm; whole, so that equal distances compare as such. */
    private static long ratio(int one, int other) {
        return Math.round(1e6 * Math.abs(Math.log((double) one / other)));
    }

    /** Whoever asked for a pipeline gets one, and nobody else. */
    private List<Integer> pipelines(int ranks) {
        return from.pipeline() == 1
                ? List.of(1)
                : divisors(ranks).stream().filter(size -> size > 1).toList();
    }

    /** Likewise whoever asked for expert ranks gets some, where that is possible. */
    private List<Integer> experts(int shard) {
        return from.expert() == 1 ? List.of(1) : divisors(shard);
    }

    private static int faults(ParallelConfig layout) {
        List<String> found = new ArrayList<>();
        Faults counting = (key, problem, fix) -> found.add(key);
        layout.validate(counting);
        return found.size();
    }

    private static List<Integer> divisors(int number) {
        List<Integer> divisors = new ArrayList<>();
        for (int low = 1; (long) low * low <= number; low++) {
            if (number % low == 0) {
                divisors.add(low);
                if (low != number / low) {
                    divisors.add(number / low);
                }
            }
        }
        return divisors;
    }

    private static String text(ParallelConfig layout) {
        return layout.describe();
    }
}
