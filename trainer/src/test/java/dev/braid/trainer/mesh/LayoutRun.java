package dev.braid.trainer.mesh;

import dev.braid.data.Sample;
import dev.braid.models.Batch;
import dev.braid.models.Decoder;
import dev.braid.models.ModelConfig;
import dev.braid.optimizers.AdamW;
import dev.braid.optimizers.AdamWConfig;
import dev.braid.optimizers.ScheduleConfig;
import dev.braid.parallelism.ExposedTime;
import dev.braid.parallelism.mesh.Mesh;
import dev.braid.parallelism.sharding.ShardingSettings;
import dev.braid.tensor.Compute;
import dev.braid.tensor.DType;
import dev.braid.tensor.parameters.Parameter;
import dev.braid.trainer.train.MeshRanks;
import dev.braid.trainer.train.RankGroup;
import dev.braid.trainer.train.StepResult;
import dev.braid.trainer.train.StepSettings;
import dev.braid.trainer.train.TrainStep;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The same small training run on any layout: a model of two layers with tied embeddings, a Llama unless told otherwise, twelve
 * sequences a step, whose gradient is clipped in most steps.
 */
record LayoutRun(
        Mesh mesh,
        ShardingSettings sharding,
        List<String> hosts,
        DType dtype,
        int microbatch,
        boolean recompute,
        int steps,
        TinyModel parts) {
    static final int VOCABULARY = 300;
    static final int LENGTH = 24;
    static final int SEQUENCES = 12;
    static final double CLIP = 0.9;

    private static final AdamWConfig OPTIMIZER =
            new AdamWConfig(2e-3, List.of(0.9, 0.95), 1e-8, 0.1, Optional.of(CLIP));

    /** On one host. */
    LayoutRun(Mesh mesh, ShardingSettings sharding, DType dtype, int microbatch, boolean recompute, int steps) {
        this(mesh, sharding, oneHost(mesh), dtype, microbatch, recompute, steps, TinyModel.LLAMA);
    }

    /** Step by step, and the weights at the end by name, put together from all ranks. */
    record Outcome(List<StepResult> results, Map<String, float[]> weights, double validation) {
        List<Double> losses() {
            return results.stream().map(StepResult::loss).toList();
        }

        List<Double> norms() {
            return results.stream().map(StepResult::gradientNorm).toList();
        }
    }

    static LayoutRun of(Mesh mesh, int stage) {
        return new LayoutRun(mesh, ShardingSettings.ofStage(stage), DType.F32, SEQUENCES / mesh.dataRanks(), false, 20);
    }

    /** The same host for each rank. */
    static List<String> oneHost(Mesh mesh) {
        return Collections.nCopies(mesh.ranks(), "host");
    }

    LayoutRun onHosts(String... others) {
        return new LayoutRun(mesh, sharding, List.of(others), dtype, microbatch, recompute, steps, parts);
    }

    LayoutRun with(ShardingSettings other) {
        return new LayoutRun(mesh, other, hosts, dtype, microbatch, recompute, steps, parts);
    }

    LayoutRun withMicrobatch(int other) {
        return new LayoutRun(mesh, sharding, hosts, dtype, other, recompute, steps, parts);
    }

    LayoutRun in(DType other) {
        return new LayoutRun(mesh, sharding, hosts, other, microbatch, recompute, steps, parts);
    }

    /** The same on other layers. */
    LayoutRun of(TinyModel other) {
        return new LayoutRun(mesh, sharding, hosts, dtype, microbatch, recompute, steps, other);
    }

    LayoutRun forSteps(int count) {
        return new LayoutRun(mesh, sharding, hosts, dtype, microbatch, recompute, count, parts);
    }

    LayoutRun recomputing() {
        return new LayoutRun(mesh, sharding, hosts, dtype, microbatch, true, steps, parts);
    }

    static ModelConfig model() {
        return model(TinyModel.LLAMA);
    }

    private static ModelConfig model(TinyModel parts) {
        return parts.config(64, 172, 2, true);
    }

    /** One rank alone, without a fabric. */
    Outcome alone() {
        try (Compute compute = new Compute(1, "auto", "alone")) {
            Map<String, float[]> weights = new LinkedHashMap<>();
            return train(compute, RankGroup.ALONE, weights);
        }
    }

    /** On the mesh. Throws when the ranks disagree on a loss or a norm. */
    Outcome run() throws Exception {
        Map<String, float[]> weights = new LinkedHashMap<>();
        List<Outcome> outcomes = MeshWorld.run(mesh, rank -> {
            return train(rank.compute(), ranks(rank), weights);
        });
        Outcome first = outcomes.getFirst();
        for (Outcome outcome : outcomes) {
            if (!outcome.results.equals(first.results) || outcome.validation != first.validation) {
                throw new AssertionError("ranks disagree: " + outcome.results + " and " + first.results);
            }
        }
        return first;
    }

    MeshRanks ranks(MeshWorld.Rank rank) {
        return new MeshRanks(
                rank.groups(), sharding, hosts, Optional.empty(), rank.compute().memory(), new ExposedTime());
    }

    private Outcome train(Compute compute, RankGroup ranks, Map<String, float[]> weights) {
        Decoder model = new Decoder(model(parts), VOCABULARY, compute, dtype, ranks.layout());
        model.initialize(7);
        TrainStep step = new TrainStep(
                model,
                new AdamW(OPTIMIZER, model.parameters(), compute),
                new StepSettings(
                        OPTIMIZER.lr(),
                        CLIP,
                        new ScheduleConfig.WarmupStableDecay(3, 5, 0.1),
                        20,
                        microbatch,
                        recompute,
                        1),
                ranks);
        List<StepResult> results = new ArrayList<>();
        int share = SEQUENCES / ranks.dataRanks();
        for (int s = 0; s < steps; s++) {
            results.add(step.run(s, samples(s).subList(ranks.dataRank() * share, (ranks.dataRank() + 1) * share)));
        }
        double validation = step.validate(samples(1000).subList(0, 7)).loss();
        synchronized (weights) {
            model.parameters().forEach(parameter -> put(parameter, weights));
        }
        return new Outcome(results, weights, validation);
    }

    static void put(Parameter parameter, Map<String, float[]> weights) {
        long columns = parameter.spec().shape().columns();
        float[] whole = weights.computeIfAbsent(
                parameter.name(),
                name -> new float[Math.toIntExact(parameter.spec().shape().count())]);
        long width = parameter.part().columns();
        Parameter.Range mine = parameter.mine();
        for (long i = mine.from(); i < mine.from() + mine.count(); i++) {
            long element = parameter.bandFrom() + i;
            long at = element / width * columns + parameter.part().firstColumn() + element % width;
            whole[Math.toIntExact(at)] = parameter.master().get(i);
        }
    }

    /** All samples of a step: a text with something to learn, with labels that do not count here and there. */
    static List<Sample> samples(int step) {
        List<Sample> samples = new ArrayList<>();
        for (int s = 0; s < SEQUENCES; s++) {
            long state = 1_000_003L * step + 7919L * s + 17;
            int[] tokens = new int[LENGTH + 1];
            int token = (int) (state % VOCABULARY);
            for (int t = 0; t <= LENGTH; t++) {
                tokens[t] = token;
                state = state * 6364136223846793005L + 1442695040888963407L;
                int noise = (int) ((state >>> 33) % 11);
                token = (token * 5 + 3 + (noise < 8 ? 0 : noise)) % VOCABULARY;
            }
            int[] labels = Arrays.copyOfRange(tokens, 1, LENGTH + 1);
            Arrays.fill(labels, 0, s % 5, Batch.IGNORED);
            int[] positions = new int[LENGTH];
            Arrays.setAll(positions, t -> t);
            samples.add(new Sample(Arrays.copyOf(tokens, LENGTH), labels, positions, new int[LENGTH]));
        }
        return samples;
    }
}
