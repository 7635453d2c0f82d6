package dev.braid.trainer.train;

import dev.braid.data.Sample;
import dev.braid.models.Decoder;
import dev.braid.models.RoutingException;
import dev.braid.optimizers.AdamW;
import dev.braid.parallelism.pipeline.MeasuredAction;
import dev.braid.tensor.trace.Recorder;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Optimizer steps: micro-batches forward and backward, the norm, the update. Used by the rank's thread. */
public final class TrainStep {
    private final StepSettings settings;
    private final RankGroup ranks;
    private final Phases phases = new Phases();
    private final Passes passes;
    private final Steps steps;

    /**
     * Steps of {@code model}, by itself or together with other ranks.
     *
     * @param ranks who takes part
     * @throws IllegalArgumentException for optimistic steps without a pipeline
     */
    public TrainStep(Decoder model, AdamW optimizer, StepSettings settings, RankGroup ranks) {
        this(model, optimizer, settings, ranks, RoutingReplay.NONE);
    }

    /** The same, with routers under {@code replay}. */
    public TrainStep(Decoder model, AdamW optimizer, StepSettings settings, RankGroup ranks, RoutingReplay replay) {
        this.settings = settings;
        this.ranks = ranks;
        Optional<PipelineRank> place = ranks.pipeline();
        this.passes = place.isPresent()
                ? new PipelinedPasses(model, settings.recompute(), place.get(), ranks, phases)
                : new SequentialPasses(model, settings.recompute(), settings.groups(), ranks, phases);
        StepRouting routing = new StepRouting(model, settings.seed(), ranks, replay);
        this.steps = settings.optimistic()
                ? new OptimisticSteps(
                        model,
                        optimizer,
                        settings,
                        ranks,
                        place.orElseThrow(() -> new IllegalArgumentException(
                                        "optimistic steps save time only where there is a pipeline"))
                                .totalsFlow(),
                        passes,
                        routing,
                        phases)
                : new SynchronisedSteps(model, optimizer, settings, ranks, passes, routing, phases);
    }

    /** Tells {@code listener} of the phases of every step from now on; {@link Recorder#NONE} ends that. */
    public void record(Recorder listener) {
        phases.record(listener);
        passes.record(listener);
    }

    /** When the actions of a pipeline ran in the last step; nothing without one. */
    public List<MeasuredAction> measured() {
        return passes.measured();
    }

    /**
     * Trains on the samples of one step, whose result is certain at once.
     *
     * @param step from 0
     * @param samples this rank's sequences of the step, of equal length
     */
    public StepResult run(int step, List<Sample> samples) {
        List<SettledStep> settled = new ArrayList<>(advance(step, samples, false));
        settled.addAll(settle());
        return settled.getLast().result();
    }

    /**
     * Trains on the samples of one step.
     *
     * @param step from 0
     * @param samples this rank's sequences of the step, of equal length
     * @param stop whether this rank wishes to end the run
     * @return the steps whose results are certain now and were not before, in order; not always this one
     * @throws RoutingException when a router's logits are not numbers, naming layer and step
     */
    public List<SettledStep> advance(int step, List<Sample> samples, boolean stop) {
        try {
            return steps.advance(step, Microbatches.of(samples, settings.microbatch()), stop);
        } catch (RoutingException failure) {
            throw failure.inStep(step + 1L);
        }
    }

    /** Makes everything certain that has been trained: to be called before the weights are saved or looked at. */
    public List<SettledStep> settle() {
        return steps.settle();
    }

    /**
     * Loss and accuracy over {@code samples} without training, after all steps have settled, in micro-batches, which the data ranks take in
     * turn. All ranks pass the same samples.
     */
    public Evaluation validate(List<Sample> samples) {
        StepTotals totals = new StepTotals(0);
        passes.evaluate(Microbatches.of(samples, settings.microbatch()), totals);
        StepTotals.Sum sum = totals.over(ranks);
        return new Evaluation(sum.meanLoss(), sum.accuracy());
    }
}
