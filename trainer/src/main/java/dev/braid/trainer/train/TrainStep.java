package dev.braid.trainer.train;

import dev.braid.data.Sample;
import dev.braid.models.Decoder;
import dev.braid.optimizers.AdamW;
import dev.braid.optimizers.GradientNorm;
import dev.braid.parallelism.pipeline.MeasuredAction;
import dev.braid.tensor.trace.Recorder;
import java.util.List;

/** One optimizer step: micro-batches forward and backward, the norm, the update. Used by the rank's thread. */
public final class TrainStep {
    private final Decoder model;
    private final AdamW optimizer;
    private final StepSettings settings;
    private final RankGroup ranks;
    private final Phases phases = new Phases();
    private final Passes passes;

    /**
     * A step of {@code model}, by itself or together with other ranks.
     *
     * @param ranks who takes part
     */
    public TrainStep(Decoder model, AdamW optimizer, StepSettings settings, RankGroup ranks) {
        this.model = model;
        this.optimizer = optimizer;
        this.settings = settings;
        this.ranks = ranks;
        this.passes = ranks.pipeline()
                .map(place -> (Passes) new PipelinedPasses(model, settings.recompute(), place, ranks, phases))
                .orElseGet(() -> new SequentialPasses(model, settings.recompute(), settings.groups(), ranks, phases));
    }

    /** Tells {@code listener} of the phases of every step from now on; {@link Recorder#NONE} ends that. */
    void record(Recorder listener) {
        phases.record(listener);
        passes.record(listener);
    }

    /** When the actions of a pipeline ran in the last step; nothing without one. */
    public List<MeasuredAction> measured() {
        return passes.measured();
    }

    /**
     * Trains on the samples of one step.
     *
     * @param step from 0
     * @param samples this rank's sequences of the step, of equal length
     */
    public StepResult run(int step, List<Sample> samples) {
        Microbatches microbatches = Microbatches.of(samples, settings.microbatch());
        long tokens = microbatches.tokens() * ranks.dataRanks();
        StepTotals totals = new StepTotals();
        phases.begin();
        // How many of the step's tokens are valid is known only when all ranks have counted: the gradient is corrected
        // then.
        passes.begin(microbatches, 1f / tokens, totals);
        passes.finish();
        StepTotals.Sum sum = totals.over(ranks, GradientNorm.squares(model.compute(), model.parameters()));
        double rate = settings.rate(step);
        double correction = sum.validTokens() == 0 ? 0 : (double) tokens / sum.validTokens();
        GradientNorm norm = GradientNorm.of(sum.squares(), correction, settings.clip());
        phases.ended("norm");
        if (norm.finite()) {
            optimizer.step(rate, norm.scale());
            phases.ended("optimizer");
            model.store().publish();
            phases.ended("publish");
        }
        return new StepResult(sum.meanLoss(), norm.norm(), rate, tokens, !norm.finite());
    }

    /**
     * Mean loss over {@code samples} without training, in micro-batches, which the data ranks take in turn. All ranks pass the
     * same samples.
     */
    public double validate(List<Sample> samples) {
        StepTotals totals = new StepTotals();
        passes.evaluate(Microbatches.of(samples, settings.microbatch()), totals);
        return totals.over(ranks).meanLoss();
    }
}
