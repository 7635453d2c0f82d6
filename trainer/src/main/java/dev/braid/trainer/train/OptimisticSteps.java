package dev.braid.trainer.train;

import dev.braid.models.Decoder;
import dev.braid.models.LossScales;
import dev.braid.optimizers.AdamW;
import dev.braid.optimizers.GradientNorm;
import dev.braid.optimizers.UndoableUpdate;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * Steps without a barrier between them (post-validation of arXiv 2401.10241, section 4): each rank of a pipeline updates its
 * weights as if nothing were clipped, and begins the next step, while the norm is still being summed up. When the norm turns out to
 * be one that clips, or not finite, what was begun is thrown away, the update is undone to the bit, and made again as it should
 * have been, or not at all. The same bits as {@link SynchronisedSteps}.
 */
final class OptimisticSteps implements Steps {
    /**
     * An update that may have to be undone.
     *
     * @param here what the routers did in the layers that this rank holds
     */
    private record Pending(double rate, long tokens, double correction, List<RouterLoad> here) {}

    private final Decoder model;
    private final AdamW optimizer;
    private final StepSettings settings;
    private final RankGroup ranks;
    private final Passes passes;
    private final StepRouting routing;
    private final BiasUpdate bias;
    private final Phases phases;
    private final TotalsFlow flow;
    private final UndoableUpdate update;
    private Optional<Pending> pending = Optional.empty();

    OptimisticSteps(
            Decoder model,
            AdamW optimizer,
            StepSettings settings,
            RankGroup ranks,
            TotalsFlow flow,
            Passes passes,
            StepRouting routing,
            Phases phases) {
        this.model = model;
        this.optimizer = optimizer;
        this.settings = settings;
        this.ranks = ranks;
        this.passes = passes;
        this.routing = routing;
        this.bias = new BiasUpdate(model);
        this.phases = phases;
        this.flow = flow;
        this.update = new UndoableUpdate(
                optimizer, model.parameters(), model.compute().memory());
    }

    @Override
    public List<SettledStep> advance(int step, Microbatches microbatches, boolean stop) {
        return guarded(() -> train(step, microbatches, stop));
    }

    private List<SettledStep> train(int step, Microbatches microbatches, boolean stop) {
        long tokens = microbatches.tokens() * ranks.dataRanks();
        StepTotals totals = new StepTotals(depth());
        phases.begin();
        flow.passOn();
        routing.begin(step, microbatches);
        flow.countTokens(microbatches.validTokens(model.config()));
        // Modules of multi-token prediction weigh by the valid tokens of the whole step: these are waited for.
        Optional<List<Long>> counted = depth() == 0 ? Optional.empty() : Optional.of(flow.tokens());
        LossScales scales = counted.map(valid -> LossScales.of(model.config(), tokens, valid))
                .orElseGet(() -> new LossScales(1f / tokens, List.of()));
        passes.begin(microbatches, scales, totals, routing);
        passes.warmUp();
        List<SettledStep> settled = settle(true);
        passes.finish();
        totals.stop(stop);
        int[] routed = routing.sums();
        totals.routed(routed);
        flow.begin(totals.toInts(GradientNorm.squares(model.compute(), model.parameters())));
        phases.ended("norm");
        long valid = counted.orElseGet(flow::tokens).getFirst();
        Pending made =
                new Pending(settings.rate(step), tokens, StepTotals.correction(tokens, valid), loadsHere(routed));
        update.keep();
        optimizer.step(made.rate, made.correction);
        bias.apply(made.here);
        phases.ended("optimizer");
        model.store().publish();
        phases.ended("publish");
        pending = Optional.of(made);
        return settled;
    }

    /** Biases can't wait for the totals: the ranks that hold the same layers, and come to the end together, add up theirs. */
    private List<RouterLoad> loadsHere(int[] routed) {
        boolean biased =
                routing.layers().stream().anyMatch(layer -> layer.bias().isPresent());
        return biased ? StepLoads.read(routing.layers(), flow.sumOverHolders(routed)) : List.of();
    }

    @Override
    public List<SettledStep> settle() {
        return guarded(() -> {
            flow.passOn();
            return settle(false);
        });
    }

    /** What has failed leaves nothing behind, neither a step that was warmed up nor totals on their way. */
    private List<SettledStep> guarded(Supplier<List<SettledStep>> body) {
        try {
            return body.get();
        } catch (RuntimeException | Error failure) {
            passes.abandon();
            flow.abandon();
            throw failure;
        }
    }

    /** @param warm whether the next step has been warmed up */
    private List<SettledStep> settle(boolean warm) {
        if (pending.isEmpty()) {
            return List.of();
        }
        Pending made = pending.get();
        pending = Optional.empty();
        StepTotals.Sum sum = StepTotals.Sum.of(flow.await(), depth());
        GradientNorm norm = GradientNorm.of(sum.squares(), made.correction, settings.clip());
        phases.ended("settle");
        if (!norm.finite() || norm.scale() != made.correction) {
            if (warm) {
                passes.discard();
            }
            correct(made, norm);
            if (warm) {
                passes.warmUp();
            }
        }
        List<RouterLoad> loads = StepLoads.read(routing.layers(), sum.routed());
        StepResult result = new StepResult(
                sum.meanLoss(), norm.norm(), made.rate, made.tokens, !norm.finite(), sum.moduleLosses(), loads);
        return List.of(new SettledStep(result, sum.stop()));
    }

    private int depth() {
        return model.config().predictionDepth();
    }

    /** The gradient of the step is still there: nothing of the next one has been added to it. */
    private void correct(Pending made, GradientNorm norm) {
        update.undo();
        if (norm.finite()) {
            optimizer.step(made.rate, norm.scale());
            bias.apply(made.here);
            model.store().publish();
        } else {
            model.store().refresh(model.compute());
        }
        phases.ended("redo");
    }
}
