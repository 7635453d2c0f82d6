package dev.braid.trainer.train;

import dev.braid.data.Sample;
import dev.braid.models.Batch;
import dev.braid.models.Decoder;
import dev.braid.optimizers.AdamW;
import dev.braid.optimizers.GradientNorm;
import dev.braid.optimizers.ScheduleConfig;
import dev.braid.tensor.autograd.Tape;
import java.util.List;

/** One optimizer step: micro-batches forward and backward, the norm, the update. Used by the rank's thread. */
public final class TrainStep {
    private final Decoder model;
    private final AdamW optimizer;
    private final double peakRate;
    private final double clip;
    private final ScheduleConfig schedule;
    private final int totalSteps;
    private final int microbatch;
    private final boolean recompute;

    /**
     * A step of {@code model}.
     *
     * @param peakRate learning rate that the schedule takes shares of
     * @param clip largest gradient norm; positive infinity does not clip
     * @param totalSteps length of the run, for the schedule
     * @param microbatch sequences in memory at a time
     * @param recompute keep only the inputs of blocks and run them again in backward
     */
    public TrainStep(
            Decoder model,
            AdamW optimizer,
            double peakRate,
            double clip,
            ScheduleConfig schedule,
            int totalSteps,
            int microbatch,
            boolean recompute) {
        this.model = model;
        this.optimizer = optimizer;
        this.peakRate = peakRate;
        this.clip = clip;
        this.schedule = schedule;
        this.totalSteps = totalSteps;
        this.microbatch = microbatch;
        this.recompute = recompute;
    }

    /**
     * Trains on the samples of one step.
     *
     * @param step from 0
     * @param samples all sequences of the step, of equal length
     */
    public StepResult run(int step, List<Sample> samples) {
        long valid = samples.stream().mapToLong(TrainStep::validTokens).sum();
        float scale = valid == 0 ? 0 : 1f / valid;
        model.zeroGradients();
        double sum = 0;
        for (int from = 0; from < samples.size(); from += microbatch) {
            List<Sample> part = samples.subList(from, Math.min(samples.size(), from + microbatch));
            try (Batch batch = batch(model, part);
                    Tape tape = Tape.training(model.compute(), model.dtype())) {
                sum += model.loss(tape, batch, scale, recompute);
                tape.backward();
            }
        }
        double rate = peakRate * schedule.share(step, totalSteps);
        GradientNorm norm = GradientNorm.of(model.compute(), model.parameters(), clip);
        if (norm.finite()) {
            optimizer.step(rate, norm.scale());
        }
        long tokens = (long) samples.size() * samples.getFirst().inputs().length;
        return new StepResult(valid == 0 ? 0 : sum / valid, norm.norm(), rate, tokens, !norm.finite());
    }

    /** Mean loss over {@code samples} without training, in micro-batches. */
    public double validate(List<Sample> samples) {
        double sum = 0;
        for (int from = 0; from < samples.size(); from += microbatch) {
            List<Sample> part = samples.subList(from, Math.min(samples.size(), from + microbatch));
            try (Batch batch = batch(model, part);
                    Tape tape = Tape.inference(model.compute(), model.dtype())) {
                sum += model.loss(tape, batch, 0, false);
            }
        }
        long valid = samples.stream().mapToLong(TrainStep::validTokens).sum();
        return valid == 0 ? 0 : sum / valid;
    }

    static Batch batch(Decoder model, List<Sample> samples) {
        int length = samples.getFirst().inputs().length;
        Batch batch = Batch.allocate(model.compute().memory(), samples.size(), length);
        for (int i = 0; i < samples.size(); i++) {
            Sample sample = samples.get(i);
            batch.set(i, sample.inputs(), sample.labels(), sample.positions(), sample.documents());
        }
        return batch;
    }

    private static long validTokens(Sample sample) {
        long valid = 0;
        for (int label : sample.labels()) {
            valid += label == Batch.IGNORED ? 0 : 1;
        }
        return valid;
    }
}
