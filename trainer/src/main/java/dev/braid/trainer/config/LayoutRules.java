package dev.braid.trainer.config;

import dev.braid.config.Faults;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.IntPredicate;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * What a layout (pipeline x replicate x shard x tensor) asks of the model and the batch. The same rules find the faults of a config and the
 * nearest layout that has none.
 */
final class LayoutRules {
    /** Something that does not fit; see {@link Faults#add}. */
    record Problem(String key, String text, String fix) {}

    private static final int MOST_LISTED = 12;

    private final Experiment experiment;

    LayoutRules(Experiment experiment) {
        this.experiment = experiment;
    }

    /** Everything about {@code layout} that does not fit the rest of the experiment. */
    List<Problem> problems(ParallelConfig layout) {
        List<Problem> problems = new ArrayList<>();
        batch(layout, problems);
        model(layout.tensor(), problems);
        positions(layout, problems);
        experts(layout, problems);
        problems.addAll(new PipelineRules(experiment).problems(layout, microbatches(layout)));
        return problems;
    }

    private void batch(ParallelConfig layout, List<Problem> problems) {
        int sequences = experiment.batch().sequences();
        int ranks = layout.dataRanks();
        int microbatch = experiment.batch().microbatch().orElse(1);
        if (sequences < 1 || microbatch < 1 || sequences % microbatch != 0) {
            return; // a fault of its own, whatever the layout
        }
        String who =
                "the " + ranks + " data ranks (replicate " + layout.replicate() + " x shard " + layout.shard() + ")";
        if (sequences < ranks) {
            problems.add(new Problem(
                    "batch.sequences",
                    "is " + sequences + ", but the batch must not be smaller than " + who + ": each needs a sequence",
                    "write " + (long) ranks * microbatch + " or a multiple of it, or make the mesh smaller"));
        } else if (sequences % ranks != 0) {
            problems.add(new Problem(
                    "batch.sequences",
                    "is " + sequences + ", which " + who + " can't share equally",
                    "the nearest that work are " + nearest(sequences, (long) ranks * microbatch)));
        } else if (sequences / ranks % microbatch != 0) {
            problems.add(new Problem(
                    "batch.microbatch",
                    "is " + microbatch + ", which does not divide the " + sequences / ranks + " sequences that each of "
                            + who + " takes of a step",
                    "allowed are " + listed(sequences / ranks, size -> sequences / ranks % size == 0)
                            + ", or batch.sequences " + nearest(sequences, (long) ranks * microbatch)));
        }
    }

    /** Micro-batches of a data rank; 0 where the batch can't be divided so. */
    private int microbatches(ParallelConfig layout) {
        int ranks = layout.dataRanks();
        int sequences = experiment.batch().sequences();
        int microbatch = experiment.batch().microbatch().orElse(1);
        if (sequences < ranks || microbatch < 1 || sequences % ranks != 0 || sequences / ranks % microbatch != 0) {
            return 0;
        }
        return sequences / ranks / microbatch(layout);
    }

    private int microbatch(ParallelConfig layout) {
        return experiment.batch().microbatchSize(layout.dataRanks());
    }

    private static String nearest(long number, long unit) {
        long below = number / unit * unit;
        return below == 0 ? Long.toString(unit) : below + " and " + (below + unit);
    }

    private void model(int tensor, List<Problem> problems) {
        if (tensor == 1) {
            return;
        }
        List<String> texts = modelProblems(tensor);
        if (!texts.isEmpty()) {
            String fix =
                    "allowed are " + listed(tensor, size -> modelProblems(size).isEmpty());
            texts.forEach(text -> problems.add(new Problem("parallel.tensor", "is " + tensor + ", " + text, fix)));
        }
    }

    /** What keeps the matrices from being divided over {@code tensor} ranks. */
    private List<String> modelProblems(int tensor) {
        List<String> texts = new ArrayList<>(experiment.model().tensorProblems(tensor));
        experiment.vocabulary().ifPresent(size -> {
            if (size < tensor) {
                texts.add("more ranks than the vocabulary has tokens, " + size);
            }
        });
        return texts;
    }

    private void positions(ParallelConfig layout, List<Problem> problems) {
        int tensor = layout.tensor();
        if (tensor == 1 || experiment.batch().sequences() % layout.dataRanks() != 0) {
            return;
        }
        int microbatch = microbatch(layout);
        long positions = (long) microbatch * experiment.sequence();
        if (positions % tensor != 0) {
            problems.add(new Problem(
                    "parallel.tensor",
                    "is " + tensor + ", which does not divide the " + microbatch + " x " + experiment.sequence()
                            + " positions of a micro-batch (batch.microbatch x data.sequence), as sequence parallelism"
                            + " must",
                    "make batch.microbatch or data.sequence a multiple of " + tensor));
        }
    }

    private void experts(ParallelConfig layout, List<Problem> problems) {
        int ranks = layout.expert();
        if (ranks == 1) {
            return;
        }
        Map<String, Integer> mixtures = experiment.model().experts();
        if (mixtures.isEmpty()) {
            problems.add(new Problem(
                    "parallel.expert",
                    "is " + ranks + ", but the model has no mixture of experts to divide",
                    "write 1, or remove the key"));
            return;
        }
        String fix = "allowed are "
                + listed(
                        layout.shard(),
                        size -> layout.shard() % size == 0
                                && mixtures.values().stream().allMatch(experts -> experts % size == 0));
        if (layout.shard() % ranks != 0) {
            problems.add(new Problem(
                    "parallel.expert",
                    "is " + ranks + ", which does not divide parallel.shard (" + layout.shard()
                            + "): a shard group is cut"
                            + " into runs of expert neighbours, of which each holds other experts",
                    fix));
        }
        mixtures.forEach((name, experts) -> {
            if (experts % ranks != 0) {
                problems.add(new Problem(
                        "parallel.expert",
                        "is " + ranks + ", which does not divide the " + experts + " experts of model.ffns." + name
                                + ": every rank holds as many, since all wait for the one that has most",
                        fix));
            }
        });
    }

    /** Numbers up to {@code most} that are allowed, the largest of them when there are many. */
    static String listed(int most, IntPredicate allowed) {
        List<Integer> numbers =
                IntStream.rangeClosed(1, most).filter(allowed).boxed().toList();
        int hidden = Math.max(0, numbers.size() - MOST_LISTED);
        return (hidden > 0 ? "..., " : "")
                + numbers.stream()
                        .skip(hidden)
                        .map(number -> Integer.toString(number))
                        .collect(Collectors.joining(", "));
    }

    /** Adds all problems of the experiment's layout, and the nearest layout without any. */
    void check(Faults faults) {
        ParallelConfig layout = experiment.parallel();
        if (!layout.hasMesh()) {
            return;
        }
        new PipelineRules(experiment)
                .problems()
                .forEach(problem -> faults.add(problem.key(), problem.text(), problem.fix()));
        List<Problem> problems = problems(layout);
        problems.forEach(problem -> faults.add(problem.key(), problem.text(), problem.fix()));
        if (!problems.isEmpty() && layout.context() == 1) {
            faults.add(
                    "parallel",
                    layout.describe() + " = " + layout.ranks() + " ranks does not fit the model and the batch",
                    new NearestLayout(this, layout).describe());
        }
        if (problems.isEmpty() && layout.accumulate().isPresent() && layout.zeroStage() >= 2) {
            accumulation(layout, faults);
        }
    }

    private void accumulation(ParallelConfig layout, Faults faults) {
        if (experiment.batch().sequences() / layout.dataRanks() == microbatch(layout)) {
            faults.add(
                    "parallel.accumulate",
                    "is " + layout.accumulate().get()
                            + ", but a rank has one micro-batch a step, where it would do nothing",
                    "lower batch.microbatch, or remove the key");
        }
    }
}
