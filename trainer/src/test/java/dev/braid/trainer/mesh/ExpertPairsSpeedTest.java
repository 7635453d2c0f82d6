package dev.braid.trainer.mesh;

import static org.assertj.core.api.Assertions.assertThat;

import dev.braid.config.ConfigReader;
import dev.braid.data.Sample;
import dev.braid.models.Decoder;
import dev.braid.models.ModelConfig;
import dev.braid.models.StageSplit;
import dev.braid.optimizers.AdamW;
import dev.braid.optimizers.AdamWConfig;
import dev.braid.optimizers.ScheduleConfig;
import dev.braid.parallelism.Endpoint;
import dev.braid.parallelism.ExposedTime;
import dev.braid.parallelism.Fabric;
import dev.braid.parallelism.Reach;
import dev.braid.parallelism.mesh.Mesh;
import dev.braid.parallelism.mesh.RankGroups;
import dev.braid.parallelism.pipeline.Action;
import dev.braid.parallelism.pipeline.Action.Kind;
import dev.braid.parallelism.pipeline.Schedule;
import dev.braid.parallelism.pipeline.Slot;
import dev.braid.parallelism.pipeline.StageMap;
import dev.braid.parallelism.sharding.ShardingSettings;
import dev.braid.tensor.Compute;
import dev.braid.tensor.DType;
import dev.braid.trainer.bench.CommBenchmark;
import dev.braid.trainer.ranks.RankThreads;
import dev.braid.trainer.train.MeshRanks;
import dev.braid.trainer.train.PipelineLayout;
import dev.braid.trainer.train.StepSettings;
import dev.braid.trainer.train.TrainStep;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Random;
import java.util.stream.DoubleStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * What turns hide: two ranks of experts, each with both stages of a model in pairs, on links as slow as Ethernet of 2.5 Gb/s; by turns
 * with the same actions one after the other: {@code ./braid test --long expertPairs trainer}.
 */
@Tag("long")
class ExpertPairsSpeedTest {
    private static final int ROUNDS = 3;
    private static final int STEPS = 12;
    private static final int WARM = 5;
    private static final int MICROBATCHES = 8;
    private static final int LENGTH = 512;
    private static final int VOCABULARY = 512;
    private static final SlowLinks ETHERNET = new SlowLinks("expert", 100_000, 312.5e6);
    private static final SlowLinks INSTANT = new SlowLinks("expert", 0, Double.POSITIVE_INFINITY);

    private static final ModelConfig MODEL = ConfigReader.of(ModelConfig.class).parse("model.yaml", """
            dim: 512
            layers: 4
            context: 512
            mixers: {attn: {type: attention, heads: 8}}
            ffns: {moe: {type: moe, experts: 8, top_k: 2, hidden: 704, balance: {loss: none}}}
            pattern: [attn+moe]
            """, List.of());

    /** Seconds of a step, and of them those in which the first rank waits for rows. */
    private record Figures(double step, double waiting) {
        static Figures median(List<Figures> all) {
            return new Figures(
                    middle(all.stream().mapToDouble(Figures::step)),
                    middle(all.stream().mapToDouble(Figures::waiting)));
        }

        private static double middle(DoubleStream values) {
            double[] sorted = values.sorted().toArray();
            return sorted[sorted.length / 2];
        }
    }

    /** {@code (1F0;0B..)}: from the second micro-batch on every forward has a backward of the one before beside it. */
    private static Schedule schedule(boolean paired) {
        List<Slot> slots = new ArrayList<>(List.of(slot(Kind.F, 0, 0), slot(Kind.F, 1, 0)));
        for (int next = 1; next < MICROBATCHES; next++) {
            for (int stage = 0; stage < 2; stage++) {
                Action forward = new Action(Kind.F, stage, next);
                Action backward = new Action(Kind.B, 1 - stage, next - 1);
                slots.addAll(
                        paired ? List.of(Slot.pair(forward, backward)) : List.of(Slot.of(forward), Slot.of(backward)));
            }
        }
        slots.add(slot(Kind.B, 1, MICROBATCHES - 1));
        slots.add(slot(Kind.B, 0, MICROBATCHES - 1));
        return new Schedule("pairs", StageMap.looped(1, 2), MICROBATCHES, List.of(slots), true);
    }

    private static Slot slot(Kind kind, int stage, int microbatch) {
        return Slot.of(new Action(kind, stage, microbatch));
    }

    /** On links that take no time, ranks still wait for the one that is slower. What comes on top is travel. */
    @Test
    void shouldHideHalfOfTheTravel() throws Exception {
        List<Figures> apartAtOnce = new ArrayList<>();
        List<Figures> turnsAtOnce = new ArrayList<>();
        List<Figures> apart = new ArrayList<>();
        List<Figures> turns = new ArrayList<>();
        for (int round = 0; round < ROUNDS; round++) {
            apartAtOnce.add(run(schedule(false), INSTANT));
            turnsAtOnce.add(run(schedule(true), INSTANT));
            apart.add(run(schedule(false), ETHERNET));
            turns.add(run(schedule(true), ETHERNET));
        }
        double floorApart = print("instant links, one after the other", apartAtOnce).waiting;
        double floorTurns = print("instant links, by turns", turnsAtOnce).waiting;
        Figures before = print("one after the other", apart);
        Figures after = print("by turns", turns);
        assertThat(after.waiting - floorTurns).isLessThan(0.5 * (before.waiting - floorApart));
        assertThat(after.step).isLessThan(before.step);
    }

    private static Figures print(String how, List<Figures> rounds) {
        Figures median = Figures.median(rounds);
        System.out.printf(
                Locale.ROOT,
                "%-34s %.0f ms a step, of which %.0f ms waiting for rows%n",
                how,
                1e3 * median.step,
                1e3 * median.waiting);
        return median;
    }

    private static Figures run(Schedule schedule, SlowLinks links) throws Exception {
        Mesh mesh = Mesh.of(1, 2, 1).withExperts(2);
        PipelineLayout layout = new PipelineLayout(schedule, StageSplit.byHand(List.of(2, 2)));
        return new RankThreads<Figures>(
                        Endpoint::open,
                        mesh.ranks(),
                        CommBenchmark.settings().withReach(Reach.PROCESS),
                        rank -> new Compute(1, "auto", "rank-" + rank),
                        (fabric, compute) -> train(links.of(fabric), compute, mesh, layout))
                .run()
                .getFirst();
    }

    private static Figures train(Fabric fabric, Compute compute, Mesh mesh, PipelineLayout layout) {
        ExposedTime exposed = new ExposedTime();
        MeshRanks ranks = new MeshRanks(
                new RankGroups(mesh, fabric),
                ShardingSettings.ofStage(0),
                Collections.nCopies(mesh.ranks(), "host"),
                Optional.of(layout),
                compute.memory(),
                exposed);
        Decoder model = ranks.decoder(MODEL, VOCABULARY, compute, DType.BF16);
        model.initialize(7);
        AdamWConfig optimizer = new AdamWConfig(1e-3, List.of(0.9, 0.95), 1e-8, 0.1, Optional.of(1.0));
        StepSettings settings =
                new StepSettings(1e-3, 1.0, new ScheduleConfig.WarmupStableDecay(3, 5, 0.1), STEPS, 1, false, 1, false);
        TrainStep step = new TrainStep(model, new AdamW(optimizer, model.parameters(), compute), settings, ranks);
        List<Figures> steps = new ArrayList<>();
        for (int s = 0; s < STEPS; s++) {
            exposed.take();
            long start = System.nanoTime();
            step.advance(s, samples(s, ranks.dataRank()), false);
            if (s >= WARM) {
                double seconds = (System.nanoTime() - start) / 1e9;
                steps.add(new Figures(seconds, exposed.take().getOrDefault("expert", 0L) / 1e9));
            }
        }
        fabric.world().barrier().await();
        return Figures.median(steps);
    }

    private static List<Sample> samples(int step, int rank) {
        Random random = new Random(100 * step + rank);
        List<Sample> samples = new ArrayList<>();
        for (int microbatch = 0; microbatch < MICROBATCHES; microbatch++) {
            int[] tokens = random.ints(LENGTH + 1, 0, VOCABULARY).toArray();
            int[] positions = new int[LENGTH];
            Arrays.setAll(positions, place -> place);
            samples.add(new Sample(
                    Arrays.copyOf(tokens, LENGTH),
                    Arrays.copyOfRange(tokens, 1, LENGTH + 1),
                    positions,
                    new int[LENGTH]));
        }
        return samples;
    }
}
