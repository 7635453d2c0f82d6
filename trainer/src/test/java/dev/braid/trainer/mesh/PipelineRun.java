package dev.braid.trainer.mesh;

import static org.assertj.core.api.Assertions.assertThat;

import dev.braid.data.Sample;
import dev.braid.models.Decoder;
import dev.braid.models.ModelConfig;
import dev.braid.models.StageSplit;
import dev.braid.optimizers.AdamW;
import dev.braid.optimizers.AdamWConfig;
import dev.braid.optimizers.ScheduleConfig;
import dev.braid.parallelism.ExposedTime;
import dev.braid.parallelism.mesh.Mesh;
import dev.braid.parallelism.pipeline.Schedule;
import dev.braid.parallelism.pipeline.schedules.ScheduleName;
import dev.braid.parallelism.pipeline.schedules.Schedules;
import dev.braid.parallelism.sharding.ShardingSettings;
import dev.braid.tensor.Category;
import dev.braid.tensor.Compute;
import dev.braid.tensor.DType;
import dev.braid.tensor.parameters.Parameter;
import dev.braid.trainer.Bits;
import dev.braid.trainer.train.MeshRanks;
import dev.braid.trainer.train.PipelineLayout;
import dev.braid.trainer.train.RankGroup;
import dev.braid.trainer.train.RoutingReplay;
import dev.braid.trainer.train.StepResult;
import dev.braid.trainer.train.StepSettings;
import dev.braid.trainer.train.TrainStep;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.IntStream;

/**
 * The same small training run with and without a pipeline: a model of seven layers, an odd number for any number of stages, a Llama
 * unless told otherwise, with tied embeddings, whose gradient is clipped in most steps. A micro-batch is one sequence. Immutable.
 */
final class PipelineRun {
    private static final int LAYERS = 7;
    private static final int VALIDATED = 5;

    /** A token that the samples do not have by themselves. */
    private static final int POISON = LayoutRun.VOCABULARY;

    /** How steps follow each other. */
    enum Steps {
        /** Each step is settled before the next one begins. */
        SYNCHRONISED,
        /** Updates are made before the norm is known. */
        OPTIMISTIC
    }

    /** Replicas, shards and tensor ranks; the pipeline's ranks come on top. */
    private Mesh layout = Mesh.SINGLE;

    /** What the shards divide. */
    private int zero;

    /** Of a data rank. */
    private int microbatches;

    private boolean recompute;

    private double clip = 0.9;

    private int steps = 10;

    /** How steps follow each other in the pipeline. */
    private Steps kind = Steps.SYNCHRONISED;

    /** Steps, from 0, one of whose samples has a token whose embedding is no number; without any, embeddings are tied. */
    private List<Integer> poisoned = List.of();

    /** Of activations and of matrices as operations read them. */
    private DType dtype = DType.F32;

    /** What its layers are made of. */
    private TinyModel parts = TinyModel.LLAMA;

    /** Neighbours that share a host. */
    private int hostRanks = Integer.MAX_VALUE;

    /** What routers are told. */
    private RoutingReplay replay = RoutingReplay.NONE;

    private PipelineRun() {}

    /** One rank for each stage, or each pair of stages. */
    static PipelineRun of(int microbatches) {
        return new PipelineRun().withMicrobatches(microbatches);
    }

    private PipelineRun with(Consumer<PipelineRun> change) {
        PipelineRun other = new PipelineRun();
        other.layout = layout;
        other.zero = zero;
        other.microbatches = microbatches;
        other.recompute = recompute;
        other.clip = clip;
        other.steps = steps;
        other.kind = kind;
        other.poisoned = poisoned;
        other.dtype = dtype;
        other.parts = parts;
        other.hostRanks = hostRanks;
        other.replay = replay;
        change.accept(other);
        return other;
    }

    PipelineRun on(Mesh other, int zeroStage) {
        return with(run -> {
            run.layout = other;
            run.zero = zeroStage;
        });
    }

    PipelineRun recomputing() {
        return with(run -> run.recompute = true);
    }

    PipelineRun forSteps(int count) {
        return with(run -> run.steps = count);
    }

    PipelineRun clippedAt(double norm) {
        return with(run -> run.clip = norm);
    }

    /** Largest gradient norm. */
    double clip() {
        return clip;
    }

    PipelineRun withMicrobatches(int count) {
        return with(run -> run.microbatches = count);
    }

    PipelineRun synchronised() {
        return with(run -> run.kind = Steps.SYNCHRONISED);
    }

    PipelineRun optimistic() {
        return with(run -> run.kind = Steps.OPTIMISTIC);
    }

    PipelineRun in(DType other) {
        return with(run -> run.dtype = other);
    }

    PipelineRun poisonedAt(Integer... at) {
        return with(run -> run.poisoned = List.of(at));
    }

    PipelineRun of(TinyModel others) {
        return with(run -> run.parts = others);
    }

    /** On hosts of {@code ranks} neighbours each, rather than on one. */
    PipelineRun onHostsOf(int ranks) {
        return with(run -> run.hostRanks = ranks);
    }

    PipelineRun under(RoutingReplay other) {
        return with(run -> run.replay = other);
    }

    private ModelConfig model() {
        return parts.config(32, 52, LAYERS, poisoned.isEmpty());
    }

    /** Step by step, and the weights at the end by name, put together from all ranks. */
    record Outcome(List<StepResult> results, Map<String, float[]> weights, double validation) {
        /** Expects the bits of another run. */
        void assertSame(Outcome expected) {
            assertThat(results).isEqualTo(expected.results);
            assertThat(validation).isEqualTo(expected.validation);
            Bits.assertSame(weights, expected.weights);
        }
    }

    /** Without a pipeline; gradients add up in the groups of {@code schedule}. */
    Outcome unpipelined(ScheduleName schedule) throws Exception {
        int groups = schedule == ScheduleName.DUALPIPE ? 2 : 1;
        return run(layout, Optional.empty(), groups);
    }

    /** With a pipeline. Throws when the ranks disagree, or when one holds on to activations. */
    Outcome pipelined(ScheduleName name, int ranks) throws Exception {
        return pipelined(Schedules.of(name, ranks, microbatches));
    }

    /** The same by a schedule of the test's own. */
    Outcome pipelined(Schedule schedule) throws Exception {
        Mesh mesh = new Mesh(
                schedule.map().ranks(), layout.replicate(), layout.shard(), 1, layout.tensor(), layout.expert());
        return run(mesh, Optional.of(new PipelineLayout(schedule, split(schedule))), 1);
    }

    /** As even as it can be by hand: the first stages have one layer more. */
    private static StageSplit split(Schedule schedule) {
        int stages = schedule.map().stages();
        List<Integer> counts = new ArrayList<>();
        for (int stage = 0; stage < stages; stage++) {
            counts.add(LAYERS / stages + (stage < LAYERS % stages ? 1 : 0));
        }
        return StageSplit.byHand(counts);
    }

    private Outcome run(Mesh mesh, Optional<PipelineLayout> stages, int groups) throws Exception {
        Map<String, float[]> weights = new LinkedHashMap<>();
        List<Outcome> outcomes = MeshWorld.run(mesh, rank -> {
            RankGroup ranks = new MeshRanks(
                    rank.groups(),
                    ShardingSettings.ofStage(zero),
                    IntStream.range(0, mesh.ranks())
                            .mapToObj(each -> "host " + each / hostRanks)
                            .toList(),
                    stages,
                    rank.compute().memory(),
                    new ExposedTime());
            return train(rank.compute(), ranks, groups, weights);
        });
        Outcome first = outcomes.getFirst();
        for (Outcome outcome : outcomes) {
            if (!outcome.results.equals(first.results) || outcome.validation != first.validation) {
                throw new AssertionError("ranks disagree: " + outcome.results + " and " + first.results);
            }
        }
        return first;
    }

    private Outcome train(Compute compute, RankGroup ranks, int groups, Map<String, float[]> weights) {
        boolean optimistic = kind == Steps.OPTIMISTIC && ranks.pipeline().isPresent();
        Decoder model = ranks.decoder(model(), POISON + 1, compute, dtype);
        model.initialize(7);
        if (!poisoned.isEmpty()) {
            model.parameters().forEach(PipelineRun::poison);
            model.refreshCompute();
        }
        AdamWConfig optimizer = new AdamWConfig(2e-3, List.of(0.9, 0.95), 1e-8, 0.1, Optional.of(clip));
        TrainStep step = new TrainStep(
                model,
                new AdamW(optimizer, model.parameters(), compute),
                new StepSettings(
                        optimizer.lr(),
                        clip,
                        new ScheduleConfig.WarmupStableDecay(3, 5, 0.1),
                        20,
                        1,
                        recompute,
                        groups,
                        optimistic),
                ranks,
                replay);
        List<StepResult> results = new ArrayList<>();
        int count = microbatches * ranks.dataRanks();
        for (int s = 0; s < steps; s++) {
            List<Sample> mine =
                    samples(s, count).subList(ranks.dataRank() * microbatches, (ranks.dataRank() + 1) * microbatches);
            if (poisoned.contains(s) && ranks.dataRank() == 0) {
                mine.getFirst().inputs()[3] = POISON;
            }
            step.advance(s, mine, false).forEach(settled -> results.add(settled.result()));
            if (results.size() != (optimistic ? s : s + 1)) {
                throw new AssertionError(results.size() + " steps have settled after " + (s + 1));
            }
        }
        step.settle().forEach(settled -> results.add(settled.result()));
        double validation = step.validate(samples(1000, VALIDATED)).loss();
        long left = compute.memory().live(Category.ACTIVATIONS);
        if (left != 0) {
            throw new AssertionError(ranks.place() + " holds " + left + " bytes of activations after the run");
        }
        synchronized (weights) {
            model.parameters().forEach(parameter -> LayoutRun.put(parameter, weights));
        }
        return new Outcome(results, weights, validation);
    }

    private static void poison(Parameter parameter) {
        if (parameter.name().equals("embedding.weight")) {
            long columns = parameter.spec().shape().columns();
            for (long i = 0; i < parameter.count(); i++) {
                if ((parameter.bandFrom() + i) / columns == POISON) {
                    parameter.master().set(i, Float.NaN);
                }
            }
        }
    }

    private static List<Sample> samples(int step, int count) {
        List<Sample> samples = new ArrayList<>();
        for (int part = 0; samples.size() < count; part++) {
            samples.addAll(LayoutRun.samples(100 * step + part));
        }
        return samples.subList(0, count);
    }
}
