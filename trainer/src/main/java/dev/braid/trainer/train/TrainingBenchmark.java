package dev.braid.trainer.train;

import dev.braid.data.Sample;
import dev.braid.models.Decoder;
import dev.braid.optimizers.AdamW;
import dev.braid.optimizers.AdamWConfig;
import dev.braid.tensor.Compute;
import dev.braid.tensor.Profile;
import dev.braid.trainer.config.Experiment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/** Times training steps on random tokens: everything but the reading of data. */
public final class TrainingBenchmark {
    private static final int DEFAULT_VOCABULARY = 8192;
    private static final int FEWEST_WARMUP_STEPS = 4;

    /**
     * Figures of a benchmark.
     *
     * @param parameters trained elements
     * @param tokensPerSecond by the median step
     * @param stepSeconds median
     * @param modelFlops FLOP/s of the model's arithmetic
     * @param peakFlops measured peak of matrix products
     * @param peakBytes most bytes of tensors at a time
     * @param engine which engines took the products
     * @param profile time by operation over the measured steps
     * @param totalSeconds of all measured steps
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
            double totalSeconds) {
        /** Part of the measured peak. */
        public double share() {
            return modelFlops / peakFlops;
        }
    }

    private TrainingBenchmark() {}

    /** Runs {@code steps} measured steps after a warm-up in which the JIT compiler settles. */
    public static Result run(Experiment experiment, int cores, int steps) {
        int vocabulary =
                experiment.model().vocab().orElse(experiment.vocabulary().orElse(DEFAULT_VOCABULARY));
        double peak = MatmulPeak.measure(experiment, cores);
        try (Compute compute = new Compute(cores, experiment.engine(), "bench")) {
            Decoder model = new Decoder(
                    experiment.model(),
                    vocabulary,
                    compute,
                    experiment.precision().computeType());
            model.initialize(experiment.seed());
            AdamWConfig settings = (AdamWConfig) experiment.optimizer();
            TrainStep step = new TrainStep(
                    model,
                    new AdamW(settings, model.parameters(), compute),
                    settings.lr(),
                    settings.clip().orElse(Double.POSITIVE_INFINITY),
                    experiment.schedule(),
                    experiment.train().steps(),
                    experiment.microbatchSize(),
                    experiment.train().recomputesBlocks(),
                    RankGroup.ALONE);
            SplittableRandom random = new SplittableRandom(experiment.seed());
            int length = experiment.sequence();
            for (int i = 0; i < FEWEST_WARMUP_STEPS; i++) {
                step.run(0, samples(random, vocabulary, experiment.batch().sequences(), length));
            }
            compute.profile().reset();
            double[] seconds = new double[steps];
            for (int i = 0; i < steps; i++) {
                List<Sample> samples =
                        samples(random, vocabulary, experiment.batch().sequences(), length);
                long start = System.nanoTime();
                step.run(0, samples);
                seconds[i] = (System.nanoTime() - start) / 1e9;
            }
            Arrays.sort(seconds);
            double median = seconds[steps / 2];
            double rate = experiment.tokensPerStep() / median;
            return new Result(
                    model.parameterCount(),
                    rate,
                    median,
                    rate * model.flopsPerToken(length),
                    peak,
                    compute.memory().peak(),
                    compute.matmul().describe(),
                    compute.profile().entries(),
                    Arrays.stream(seconds).sum());
        }
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
