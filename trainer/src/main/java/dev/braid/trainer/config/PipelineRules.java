package dev.braid.trainer.config;

import dev.braid.models.StageSplit;
import dev.braid.parallelism.pipeline.schedules.ScheduleName;
import dev.braid.parallelism.pipeline.schedules.ScheduleRequest;
import dev.braid.parallelism.pipeline.schedules.Schedules;
import dev.braid.trainer.config.LayoutRules.Problem;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.function.IntPredicate;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * What a pipeline asks of the mesh, the model and the batch. A schedule that lies in a file is checked where it is read, not here:
 * only the machine that starts the run has the file.
 */
final class PipelineRules {
    private static final int DIRECTIONS = 2;

    private final Experiment experiment;
    private final PipelineConfig pipeline;

    PipelineRules(Experiment experiment) {
        this.experiment = experiment;
        this.pipeline = experiment.pipeline();
    }

    /** What would do nothing, or has no meaning, whatever the layout. */
    List<Problem> problems() {
        List<Problem> problems = new ArrayList<>();
        int ranks = experiment.parallel().pipeline();
        Optional<ScheduleName> name = ScheduleName.find(pipeline.scheduleName());
        if (name.isEmpty() && !pipeline.scheduleName().isBlank() && !pipeline.schedulesFromFile()) {
            problems.add(new Problem(
                    "pipeline.schedule",
                    "is '" + pipeline.scheduleName() + "', which is no schedule; allowed are "
                            + String.join(", ", ScheduleName.labels())
                            + ", and files, which have a . or / in their names",
                    ""));
            return problems;
        }
        if (ranks == 1) {
            if (pipeline.schedulesFromFile()) {
                problems.add(new Problem(
                        "pipeline.schedule",
                        "is the file " + pipeline.scheduleName()
                                + ", but parallel.pipeline is 1, where only a schedule's groups of gradients count",
                        "write dualpipe for its two groups, or remove the key"));
            }
            name.ifPresent(each -> accumulation(each, problems));
            String reason = "parallel.pipeline is 1";
            useless("virtual_stages", pipeline.virtualStages(), reason, problems);
            useless("layers", pipeline.layers(), reason, problems);
            useless("memory_limit", pipeline.memoryLimit(), reason, problems);
            useless("optimistic_step", pipeline.optimisticStep(), reason, problems);
        } else if (pipeline.schedulesFromFile()) {
            useless("virtual_stages", pipeline.virtualStages(), "the file of the schedule says it", problems);
        } else if (!name.filter(PipelineRules::choosesChunks).isPresent()) {
            String reason = "schedule is " + pipeline.scheduleName();
            useless("virtual_stages", pipeline.virtualStages(), reason, problems);
        } else if (pipeline.chunks() == 1) {
            problems.add(new Problem(
                    "pipeline.virtual_stages",
                    "is 1, but " + name.get() + " has 2 or more",
                    "or write schedule: 1f1b"));
        }
        return problems;
    }

    /** Without a pipeline: what is reduced after every micro-batch adds up in one group. */
    private void accumulation(ScheduleName name, List<Problem> problems) {
        ParallelConfig parallel = experiment.parallel();
        boolean divided = parallel.shard() > 1 && parallel.zeroStage() >= 2;
        if (name == ScheduleName.DUALPIPE && divided && parallel.accumulatesSharded()) {
            problems.add(new Problem(
                    "parallel.accumulate",
                    "is sharded, where gradients are reduced after every micro-batch, but schedule " + name
                            + " adds them up in two groups",
                    "write whole, or remove pipeline.schedule"));
        }
    }

    private static boolean choosesChunks(ScheduleName name) {
        return name.allowsChunks(name.defaultChunks() + 1);
    }

    private static void useless(String key, Optional<?> value, String reason, List<Problem> problems) {
        if (value.isPresent()) {
            problems.add(new Problem(
                    "pipeline." + key,
                    "is " + value.get() + ", but " + reason + ", where it would do nothing",
                    "remove the key"));
        }
    }

    /**
     * What does not fit {@code layout}.
     *
     * @param microbatches of a data rank in a step; 0 where that has a fault of its own
     */
    List<Problem> problems(ParallelConfig layout, int microbatches) {
        List<Problem> problems = new ArrayList<>();
        Optional<ScheduleName> found = ScheduleName.find(pipeline.scheduleName());
        if (found.isEmpty()) {
            return problems;
        }
        ScheduleName name = found.get();
        int ranks = layout.pipeline();
        if (ranks == 1) {
            groups(name, microbatches, problems);
        } else if (!name.allowsRanks(ranks)) {
            problems.add(new Problem(
                    "parallel.pipeline",
                    "is " + ranks + ", but schedule " + name + " is not defined on so many ranks",
                    "allowed are "
                            + IntStream.of(ranks - 1, ranks + 1)
                                    .filter(name::allowsRanks)
                                    .mapToObj(Integer::toString)
                                    .collect(Collectors.joining(" and "))));
        } else {
            if (microbatches > 0 && !name.allows(ranks, microbatches)) {
                problems.add(microbatches(name, layout, microbatches));
            }
            stages(name, ranks, problems);
        }
        return problems;
    }

    /** Without a pipeline, the schedule says which gradients add up by themselves. */
    private void groups(ScheduleName name, int microbatches, List<Problem> problems) {
        if (name == ScheduleName.DUALPIPE && microbatches % DIRECTIONS != 0) {
            problems.add(new Problem(
                    "pipeline.schedule",
                    "is " + name
                            + ", which adds up gradients in two equal groups of micro-batches, but a data rank has "
                            + microbatches,
                    "make batch.microbatch smaller, or batch.sequences larger"));
        }
    }

    private Problem microbatches(ScheduleName name, ParallelConfig layout, int microbatches) {
        int ranks = layout.pipeline();
        int share = experiment.batch().sequences() / layout.dataRanks();
        IntPredicate works = size -> share % size == 0 && name.allows(ranks, share / size);
        List<String> fixes = new ArrayList<>();
        if (IntStream.rangeClosed(1, share).anyMatch(works)) {
            fixes.add("batch.microbatch " + LayoutRules.listed(share, works));
        }
        int more = IntStream.iterate(microbatches + 1, count -> count + 1)
                .filter(count -> name.allows(ranks, count))
                .findFirst()
                .orElseThrow();
        long sequences = (long) more * (share / microbatches) * layout.dataRanks();
        fixes.add("batch.sequences " + sequences);
        return new Problem(
                "parallel.pipeline",
                "is " + ranks + ", where schedule " + name + " is not defined for the "
                        + (microbatches == 1 ? "one micro-batch" : microbatches + " micro-batches") + " of a data rank",
                "allowed are " + String.join(", or ", fixes));
    }

    private void stages(ScheduleName name, int ranks, List<Problem> problems) {
        int chunks = choosesChunks(name) ? pipeline.chunks() : name.defaultChunks();
        if (!name.allowsChunks(chunks)) {
            return; // a fault of its own
        }
        ScheduleRequest request =
                new ScheduleRequest(ranks, 1, OptionalInt.of(chunks), Optional.empty(), OptionalDouble.empty());
        int stages = Schedules.map(name, request).stages();
        int layers = experiment.model().layers();
        if (pipeline.layers().isPresent()) {
            StageSplit.validate(
                    pipeline.layers().get(),
                    layers,
                    stages,
                    (key, text, fix) -> problems.add(new Problem(key, text, fix)));
        } else if (stages > StageSplit.most(layers)) {
            problems.add(new Problem(
                    "parallel.pipeline",
                    "is " + ranks + ", which makes " + stages + " stages with schedule " + name + ", but " + layers
                            + " layers can be cut into " + StageSplit.most(layers)
                            + " at most: only the first, with the embedding, and the last, with the head, may have none",
                    "make the pipeline shorter, or take a schedule with fewer stages a rank"));
        }
    }
}
