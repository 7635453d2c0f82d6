package dev.braid.trainer.mesh;

import dev.braid.data.Sample;
import dev.braid.models.Batch;
import dev.braid.models.Decoder;
import dev.braid.models.GlobalCounts;
import dev.braid.models.MicrobatchRouting;
import dev.braid.optimizers.AdamW;
import dev.braid.optimizers.AdamWConfig;
import dev.braid.optimizers.GradientNorm;
import dev.braid.parallelism.mesh.Mesh;
import dev.braid.parallelism.sharding.ShardingSettings;
import dev.braid.tensor.Compute;
import dev.braid.tensor.DType;
import dev.braid.tensor.autograd.Tape;
import dev.braid.tensor.ops.ExactSum;
import dev.braid.trainer.train.RankGroup;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Twenty steps of a mixture of experts on any layout, one micro-batch a step and data rank. Which experts tokens go to can be taken
 * from another run: a choice between two that are nearly alike may fall the other way where sums have another order.
 *
 * @param hosts of each rank
 * @param routing experts [tokens * slots] of the step's tokens by step and layer; a step without any is routed by the model
 * @param recompute run each layer again in backward
 */
record ExpertRun(
        Mesh mesh, int stage, List<String> hosts, List<Map<Integer, int[]>> routing, boolean recompute, DType dtype) {
    static final int STEPS = 20;

    private static final AdamWConfig OPTIMIZER =
            new AdamWConfig(2e-3, List.of(0.9, 0.95), 1e-8, 0.1, Optional.of(LayoutRun.CLIP));

    /**
     * What comes of it.
     *
     * @param losses of each step, and one over other samples at the end
     * @param chosen experts by step and layer, of the tokens of one rank
     */
    record Outcome(
            List<Double> losses, List<Double> norms, Map<String, float[]> weights, List<Map<Integer, int[]>> chosen) {}

    static ExpertRun of(Mesh mesh, int stage) {
        return new ExpertRun(mesh, stage, LayoutRun.oneHost(mesh), List.of(), false, DType.F32);
    }

    ExpertRun routed(List<Map<Integer, int[]>> other) {
        return new ExpertRun(mesh, stage, hosts, other, recompute, dtype);
    }

    ExpertRun recomputing() {
        return new ExpertRun(mesh, stage, hosts, routing, true, dtype);
    }

    ExpertRun in(DType other) {
        return new ExpertRun(mesh, stage, hosts, routing, recompute, other);
    }

    ExpertRun onHosts(String... others) {
        return new ExpertRun(mesh, stage, List.of(others), routing, recompute, dtype);
    }

    /** One rank alone, without a fabric. */
    Outcome alone() {
        try (Compute compute = new Compute(1, "auto", "alone")) {
            return train(compute, RankGroup.ALONE, new LinkedHashMap<>());
        }
    }

    /** On the mesh: losses are those of all ranks together. */
    Outcome run() throws Exception {
        Map<String, float[]> weights = new LinkedHashMap<>();
        LayoutRun layout =
                LayoutRun.of(mesh, stage).with(ShardingSettings.ofStage(stage)).onHosts(hosts.toArray(String[]::new));
        List<Outcome> outcomes = MeshWorld.run(mesh, rank -> train(rank.compute(), layout.ranks(rank), weights));
        List<Double> losses = new ArrayList<>();
        for (int step = 0; step <= STEPS; step++) {
            double sum = 0;
            for (Outcome outcome : outcomes) {
                sum += outcome.losses.get(step);
            }
            losses.add(sum);
        }
        return new Outcome(losses, outcomes.getFirst().norms, weights, List.of());
    }

    private Outcome train(Compute compute, RankGroup ranks, Map<String, float[]> weights) {
        Decoder model = new Decoder(
                TinyModel.EXPERTS.config(64, 24, 2, true), LayoutRun.VOCABULARY, compute, dtype, ranks.layout());
        model.initialize(7);
        AdamW optimizer = new AdamW(OPTIMIZER, model.parameters(), compute);
        List<Double> losses = new ArrayList<>();
        List<Double> norms = new ArrayList<>();
        List<Map<Integer, int[]>> chosen = new ArrayList<>();
        for (int step = 0; step < STEPS; step++) {
            double loss = microbatch(model, ranks, step, chosen);
            losses.add(ranks.countsLosses() ? loss : 0);
            int[] squares = GradientNorm.squares(compute, model.parameters()).toInts();
            ranks.sum(squares);
            GradientNorm norm = GradientNorm.of(ExactSum.fromInts(squares), 1, LayoutRun.CLIP);
            norms.add(norm.norm());
            optimizer.step(OPTIMIZER.lr(), norm.scale());
            model.store().publish();
        }
        losses.add(evaluate(model, ranks));
        synchronized (weights) {
            model.parameters().forEach(parameter -> LayoutRun.put(parameter, weights));
        }
        return new Outcome(losses, norms, weights, chosen);
    }

    /** This rank's part of the step's mean loss. */
    private double microbatch(Decoder model, RankGroup ranks, int step, List<Map<Integer, int[]>> chosen) {
        List<Sample> all = LayoutRun.samples(step);
        int share = all.size() / ranks.dataRanks();
        List<Sample> mine = all.subList(ranks.dataRank() * share, (ranks.dataRank() + 1) * share);
        float scale = 1f / all.stream().mapToLong(ExpertRun::validTokens).sum();
        MicrobatchRouting choice = new MicrobatchRouting(
                1.0 / ranks.dataRanks(),
                step,
                true,
                GlobalCounts.ALONE,
                routing.isEmpty() ? Map.of() : part(routing.get(step), ranks),
                true);
        model.store().beginStep(1);
        model.store().beginMicrobatch();
        double loss;
        try (Batch batch = batch(mine, model);
                Tape tape = model.trainingTape()) {
            loss = model.loss(tape, batch.routed(choice), scale, recompute);
            tape.endForward();
            tape.backward();
        }
        model.store().finishGradients();
        chosen.add(choice.chosen());
        return loss * scale;
    }

    /** Mean loss over samples that were not trained on, routed by the model. */
    private static double evaluate(Decoder model, RankGroup ranks) {
        List<Sample> all = LayoutRun.samples(1000);
        int share = all.size() / ranks.dataRanks();
        List<Sample> mine = all.subList(ranks.dataRank() * share, (ranks.dataRank() + 1) * share);
        try (Batch batch = batch(mine, model);
                Tape tape = model.evaluationTape()) {
            double loss = model.evaluate(tape, batch).loss();
            return ranks.countsLosses()
                    ? loss / all.stream().mapToLong(ExpertRun::validTokens).sum()
                    : 0;
        }
    }

    private static Map<Integer, int[]> part(Map<Integer, int[]> routing, RankGroup ranks) {
        Map<Integer, int[]> mine = new LinkedHashMap<>();
        routing.forEach((layer, experts) -> {
            int share = experts.length / ranks.dataRanks();
            mine.put(layer, Arrays.copyOfRange(experts, ranks.dataRank() * share, (ranks.dataRank() + 1) * share));
        });
        return mine;
    }

    private static Batch batch(List<Sample> samples, Decoder model) {
        Batch batch = Batch.allocate(model.compute().memory(), samples.size(), LayoutRun.LENGTH);
        for (int i = 0; i < samples.size(); i++) {
            Sample sample = samples.get(i);
            batch.set(i, sample.inputs(), sample.labels(), sample.positions(), sample.documents());
        }
        return batch;
    }

    private static long validTokens(Sample sample) {
        return Arrays.stream(sample.labels())
                .filter(label -> label != Batch.IGNORED)
                .count();
    }
}
