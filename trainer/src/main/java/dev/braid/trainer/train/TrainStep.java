package dev.braid.trainer.train;

import dev.braid.data.Sample;
import dev.braid.models.Batch;
import dev.braid.models.Decoder;
import dev.braid.optimizers.AdamW;
import dev.braid.optimizers.GradientNorm;
import dev.braid.optimizers.ScheduleConfig;
import dev.braid.tensor.autograd.Tape;
import dev.braid.tensor.parameters.ParameterStore;
import dev.braid.tensor.trace.Recorder;
import dev.braid.tensor.trace.Span;
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
    private final RankGroup ranks;
    private Recorder recorder = Recorder.NONE;

    /**
     * A step of {@code model}, by itself or together with other ranks.
     *
     * @param peakRate learning rate that the schedule takes shares of
     * @param clip largest gradient norm; positive infinity does not clip
     * @param totalSteps length of the run, for the schedule
     * @param microbatch sequences in memory at a time
     * @param recompute keep only the inputs of blocks and run them again in backward
     * @param ranks who takes part
     */
    public TrainStep(
            Decoder model,
            AdamW optimizer,
            double peakRate,
            double clip,
            ScheduleConfig schedule,
            int totalSteps,
            int microbatch,
            boolean recompute,
            RankGroup ranks) {
        this.model = model;
        this.optimizer = optimizer;
        this.peakRate = peakRate;
        this.clip = clip;
        this.schedule = schedule;
        this.totalSteps = totalSteps;
        this.microbatch = microbatch;
        this.recompute = recompute;
        this.ranks = ranks;
    }

    /** Tells {@code listener} of the phases of every step from now on; {@link Recorder#NONE} ends that. */
    void record(Recorder listener) {
        recorder = listener;
    }

    /**
     * Trains on the samples of one step.
     *
     * @param step from 0
     * @param samples this rank's sequences of the step, of equal length
     */
    public StepResult run(int step, List<Sample> samples) {
        long tokens = (long) samples.size() * samples.getFirst().inputs().length * ranks.dataRanks();
        // How many of the step's tokens are valid is known only when all ranks have counted: the gradient is corrected
        // then.
        float scale = 1f / tokens;
        StepTotals totals = new StepTotals();
        ParameterStore store = model.store();
        long at = System.nanoTime();
        store.beginStep(Math.ceilDiv(samples.size(), microbatch));
        at = ended("begin", at);
        for (int from = 0; from < samples.size(); from += microbatch) {
            List<Sample> part = samples.subList(from, Math.min(samples.size(), from + microbatch));
            store.beginMicrobatch();
            try (Batch batch = batch(model, part);
                    Tape tape = model.trainingTape()) {
                count(totals, model.loss(tape, batch, scale, recompute), part);
                at = ended("forward", at);
                tape.backward();
                at = ended("backward", at);
            }
        }
        store.finishGradients();
        at = ended("reduce", at);
        StepTotals.Sum sum = totals.over(ranks, GradientNorm.squares(model.compute(), model.parameters()));
        double rate = peakRate * schedule.share(step, totalSteps);
        double correction = sum.validTokens() == 0 ? 0 : (double) tokens / sum.validTokens();
        GradientNorm norm = GradientNorm.of(sum.squares(), correction, clip);
        at = ended("norm", at);
        if (norm.finite()) {
            optimizer.step(rate, norm.scale());
            at = ended("optimizer", at);
            store.publish();
            ended("publish", at);
        }
        return new StepResult(sum.meanLoss(), norm.norm(), rate, tokens, !norm.finite());
    }

    /** Tells of a phase that ends now; the next one begins at what this returns. */
    private long ended(String phase, long startNanos) {
        long now = System.nanoTime();
        recorder.span(Span.Kind.PHASE, phase, startNanos, now);
        return now;
    }

    private void count(StepTotals totals, double loss, List<Sample> samples) {
        if (ranks.countsLosses()) {
            totals.add(loss, samples.stream().mapToLong(TrainStep::validTokens).sum());
        }
    }

    /**
     * Mean loss over {@code samples} without training, in micro-batches, which the data ranks take in turn. All ranks pass the
     * same samples.
     */
    public double validate(List<Sample> samples) {
        StepTotals totals = new StepTotals();
        for (int round = 0; round < samples.size(); round += microbatch * ranks.dataRanks()) {
            int from = Math.min(samples.size(), round + microbatch * ranks.dataRank());
            List<Sample> part = samples.subList(from, Math.min(samples.size(), from + microbatch));
            boolean idle = part.isEmpty();
            // Whoever has nothing left still takes part in what the ranks do together.
            try (Batch batch = batch(model, idle ? samples.subList(0, 1) : part);
                    Tape tape = model.evaluationTape()) {
                double loss = model.loss(tape, batch, 0, false);
                if (!idle) {
                    count(totals, loss, part);
                }
            }
        }
        return totals.over(ranks).meanLoss();
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
