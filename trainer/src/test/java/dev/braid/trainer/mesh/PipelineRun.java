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
import java.util.stream.IntStream;

/**
 * The same small training run with and without a pipeline: a model of seven layers, an odd number for any number of stages, a Llama
 * unless told otherwise, with tied embeddings, whose gradient is clipped in most steps. A micro-batch is one sequence.
 *
 * @param layout replicas, shards and tensor ranks; the pipeline's ranks come on top
 * @param zero what the shards divide
 * @param microbatches of a data rank
 * @param clip largest gradient norm
 * @param poisoned steps, from 0, one of whose samples has a token whose embedding is no number; without any, embeddings are tied
 * @param kind how steps follow each other in the pipeline
 * @param dtype of activations and of matrices as operations read them
 * @param parts what its layers are made of
 * @param hostRanks neighbours that share a host
 * @param replay what routers are told
 */
record PipelineRun(
        Mesh layout,
        int zero,
        int microbatches,
        boolean recompute,
        double clip,
        int steps,
        Steps kind,
        List<Integer> poisoned,
        DType dtype,
        TinyModel parts,
        int hostRanks,
        RoutingReplay replay) {
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

    /** One rank for each stage, or each pair of stages. */
    static PipelineRun of(int microbatches) {
        return new PipelineRun(
                Mesh.SINGLE,
                0,
                microbatches,
                false,
                0.9,
                10,
                Steps.SYNCHRONISED,
                List.of(),
                DType.F32,
                TinyModel.LLAMA,
                Integer.MAX_VALUE,
                RoutingReplay.NONE);
    }

    PipelineRun on(Mesh other, int zeroStage) {
        return new PipelineRun(
                other,
                zeroStage,
                microbatches,
                recompute,
                clip,
                steps,
                kind,
                poisoned,
                dtype,
                parts,
                hostRanks,
                replay);
    }

    PipelineRun recomputing() {
        return new PipelineRun(
                layout, zero, microbatches, true, clip, steps, kind, poisoned, dtype, parts, hostRanks, replay);
    }

    PipelineRun forSteps(int count) {
        return new PipelineRun(
                layout, zero, microbatches, recompute, clip, count, kind, poisoned, dtype, parts, hostRanks, replay);
    }

    PipelineRun clippedAt(double norm) {
        return new PipelineRun(
                layout, zero, microbatches, recompute, norm, steps, kind, poisoned, dtype, parts, hostRanks, replay);
    }

    PipelineRun withMicrobatches(int count) {
        return new PipelineRun(
                layout, zero, count, recompute, clip, steps, kind, poisoned, dtype, parts, hostRanks, replay);
    }

    PipelineRun synchronised() {
        return new PipelineRun(
                layout,
                zero,
                microbatches,
                recompute,
                clip,
                steps,
                Steps.SYNCHRONISED,
                poisoned,
                dtype,
                parts,
                hostRanks,
                replay);
    }

    PipelineRun optimistic() {
        return new PipelineRun(
                layout,
                zero,
                microbatches,
                recompute,
                clip,
                steps,
                Steps.OPTIMISTIC,
                poisoned,
                dtype,
                parts,
                hostRanks,
                replay);
    }

    PipelineRun in(DType other) {
        return new PipelineRun(
                layout, zero, microbatches, recompute, clip, steps, kind, poisoned, other, parts, hostRanks, replay);
    }

    PipelineRun poisonedAt(Integer... at) {
        return new PipelineRun(
                layout, zero, microbatches, recompute, clip, steps, kind, List.of(at), dtype, parts, hostRanks, replay);
    }

    PipelineRun of(TinyModel others) {
        return new PipelineRun(
                layout, zero, microbatches, recompute, clip, steps, kind, poisoned, dtype, others, hostRanks, replay);
    }

    /** On hosts of {@code ranks} neighbours each, rather than on one. */
    PipelineRun onHostsOf(int ranks) {
        return new PipelineRun(
                layout, zero, microbatches, recompute, clip, steps, kind, poisoned, dtype, parts, ranks, replay);
    }

    PipelineRun under(RoutingReplay other) {
        return new PipelineRun(
                layout, zero, microbatches, recompute, clip, steps, kind, poisoned, dtype, parts, hostRanks, other);
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
        Schedule schedule = Schedules.of(name, ranks, microbatches);
        Mesh mesh = new Mesh(ranks, layout.replicate(), layout.shard(), 1, layout.tensor(), layout.expert());
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
