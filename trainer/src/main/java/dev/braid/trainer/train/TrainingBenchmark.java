package dev.braid.trainer.train;

import dev.braid.data.Sample;
import dev.braid.models.Decoder;
import dev.braid.optimizers.AdamW;
import dev.braid.optimizers.AdamWConfig;
import dev.braid.parallelism.Endpoint;
import dev.braid.parallelism.ExposedTime;
import dev.braid.parallelism.Reach;
import dev.braid.parallelism.mesh.RankGroups;
import dev.braid.tensor.Compute;
import dev.braid.tensor.Profile;
import dev.braid.trainer.bench.CommBenchmark;
import dev.braid.trainer.config.Experiment;
import dev.braid.trainer.config.ParallelConfig;
import dev.braid.trainer.ranks.RankThreads;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.TreeMap;

/** Times training steps on random tokens: everything but the reading of data. */
public final class TrainingBenchmark {
    private static final int DEFAULT_VOCABULARY = 8192;
    /** Of one rank at least; ranks that keep all cores busy leave the JIT compiler little, and so take as many times more. */
    private static final int WARMUP_STEPS = 4;

    /**
     * Figures of a benchmark.
     *
     * @param parameters trained elements
     * @param tokensPerSecond by the median step
     * @param stepSeconds median
     * @param modelFlops FLOP/s of the model's arithmetic
     * @param peakFlops measured peak of matrix products
     * @param peakBytes most bytes of tensors at a time, of rank 0
     * @param engine which engines took the products
     * @param profile time by operation over the measured steps
     * @param totalSeconds of all measured steps
     * @param exposedSeconds a step in which rank 0 waited for others, by mesh axis
     * @param traced what has come of the trace, when one was asked for
     * @param pipeline how a step went through the pipeline, where there is one
     */
    public record Result(
            long parameters,
            double tokensPerSecond,
            double stepSeconds,
            double modelFlops,
            double peakFlops,
            long peakBytes,
            String engine,
            List<Profile.Entry> profile,
            double totalSeconds,
            Map<String, Double> exposedSeconds,
            Optional<String> traced,
            Optional<PipelineFigures> pipeline) {
        /** Part of the measured peak. */
        public double share() {
            return modelFlops / peakFlops;
        }
    }

    private TrainingBenchmark() {}

    /**
     * Runs {@code steps} measured steps after a warm-up in which the JIT compiler settles; with a mesh of several ranks, these are
     * threads of this JVM that share {@code cores}.
     *
     * @param warmUp how long at least
     * @param trace where to write what all ranks do in one more step
     */
    public static Result run(Experiment experiment, int cores, int steps, Duration warmUp, Optional<Path> trace)
            throws IOException, InterruptedException {
        ParallelConfig parallel = experiment.parallel();
        int ranks = parallel.ranks();
        int own = Math.max(1, cores / ranks);
        double peak = MatmulPeak.measure(experiment, Math.max(cores, ranks));
        Plan plan = new Plan(steps, new WarmUp(WARMUP_STEPS * ranks, warmUp, System::nanoTime), trace);
        if (ranks == 1) {
            try (Compute compute = new Compute(own, experiment.engine(), "bench")) {
                return run(experiment, compute, RankGroup.ALONE, peak, plan);
            }
        }
        Optional<PipelineLayout> stages =
                PipelineLayout.of(experiment, vocabulary(experiment), ScheduleFile.read(experiment));
        try {
            return new RankThreads<>(
                            Endpoint::open,
                            ranks,
                            CommBenchmark.settings().withReach(Reach.PROCESS),
                            rank -> new Compute(own, experiment.engine(), "rank-" + rank),
                            (fabric, compute) -> run(
                                    experiment,
                                    compute,
                                    new MeshRanks(
                                            new RankGroups(parallel.mesh(), fabric),
                                            parallel.sharding(),
                                            Collections.nCopies(ranks, "this host"),
                                            stages,
                                            compute.memory(),
                                            new ExposedTime()),
                                    peak,
                                    plan))
                    .run()
                    .getFirst();
        } catch (InterruptedException | RuntimeException failure) {
            throw failure;
        } catch (Exception failure) {
            throw new IllegalStateException(failure);
        }
    }

    /** What all ranks do. */
    private record Plan(int steps, WarmUp warmUp, Optional<Path> trace) {}

    private static Result run(Experiment experiment, Compute compute, RankGroup ranks, double peak, Plan plan) {
        int steps = plan.steps;
        int vocabulary = vocabulary(experiment);
        Decoder model = ranks.decoder(
                experiment.model(), vocabulary, compute, experiment.precision().computeType());
        model.initialize(experiment.seed());
        TrainStep step = new TrainStep(
                model,
                new AdamW((AdamWConfig) experiment.optimizer(), model.parameters(), compute),
                StepSettings.of(experiment),
                ranks);
        SplittableRandom random = new SplittableRandom(experiment.seed() + ranks.dataRank());
        int length = experiment.sequence();
        int share = experiment.batch().sequences() / ranks.dataRanks();
        for (int i = 0; plan.warmUp.wants(i); i++) {
            step.run(0, samples(random, vocabulary, share, length));
        }
        Optional<PipelineMeasurement> measurement =
                ranks.pipeline().map(place -> new PipelineMeasurement(ranks, place));
        compute.profile().reset();
        ranks.takeExposed();
        double[] seconds = new double[steps];
        for (int i = 0; i < steps; i++) {
            List<Sample> samples = samples(random, vocabulary, share, length);
            long start = System.nanoTime();
            step.advance(0, samples, false);
            if (i == steps - 1) {
                step.settle();
            }
            seconds[i] = (System.nanoTime() - start) / 1e9;
            measurement.ifPresent(each -> each.add(step.measured(), 0));
        }
        Map<String, Double> exposed = new TreeMap<>();
        ranks.takeExposed().forEach((axis, nanos) -> exposed.put(axis, nanos / 1e9 / steps));
        Arrays.sort(seconds);
        double median = seconds[steps / 2];
        double rate = experiment.tokensPerStep() / median;
        List<Profile.Entry> profile = compute.profile().entries();
        Optional<String> traced = plan.trace.map(file -> {
            StepTrace recording = new StepTrace(step, compute, ranks);
            List<Sample> samples = samples(random, vocabulary, share, length);
            recording.begin();
            step.run(0, samples);
            return recording.end("a step of the benchmark", file);
        });
        return new Result(
                model.parameterCount(),
                rate,
                median,
                rate * model.flopsPerToken(length),
                peak,
                compute.memory().peak(),
                compute.matmul().describe(),
                profile,
                Arrays.stream(seconds).sum(),
                exposed,
                traced,
                measurement.flatMap(PipelineMeasurement::figures));
    }

    private static int vocabulary(Experiment experiment) {
        return experiment.model().vocab().orElse(experiment.vocabulary().orElse(DEFAULT_VOCABULARY));
    }

    private static List<Sample> samples(SplittableRandom random, int vocabulary, int count, int length) {
        List<Sample> samples = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            int[] tokens = random.ints(length + 1L, 0, vocabulary).toArray();
            int[] positions = new int[length];
            Arrays.setAll(positions, position -> position);
            int[] labels = Arrays.copyOfRange(tokens, 1, length + 1);
            samples.add(new Sample(Arrays.copyOf(tokens, length), labels, positions, new int[length]));
        }
        return samples;
    }
}
