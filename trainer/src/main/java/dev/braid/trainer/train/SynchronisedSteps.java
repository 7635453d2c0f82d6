package dev.braid.trainer.train;

import dev.braid.models.Decoder;
import dev.braid.models.LossScales;
import dev.braid.optimizers.AdamW;
import dev.braid.optimizers.GradientNorm;
import java.util.List;

/** Steps in which all ranks agree on the norm before any of them changes a weight. */
final class SynchronisedSteps implements Steps {
    private final Decoder model;
    private final AdamW optimizer;
    private final StepSettings settings;
    private final RankGroup ranks;
    private final Passes passes;
    private final StepRouting routing;
    private final BiasUpdate bias;
    private final Phases phases;

    SynchronisedSteps(
            Decoder model,
            AdamW optimizer,
            StepSettings settings,
            RankGroup ranks,
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
    }

    @Override
    public List<SettledStep> advance(int step, Microbatches microbatches, boolean stop) {
        long tokens = microbatches.tokens() * ranks.dataRanks();
        StepTotals totals = new StepTotals(model.config().predictionDepth());
        phases.begin();
        // How many of the step's tokens are valid is known only when all ranks have counted: the gradient is corrected
        // then.
        routing.begin(step, microbatches);
        passes.begin(microbatches, scales(tokens, microbatches), totals, routing);
        passes.finish();
        totals.routed(routing.sums());
        totals.stop(stop);
        StepTotals.Sum sum = totals.over(ranks, GradientNorm.squares(model.compute(), model.parameters()));
        GradientNorm norm =
                GradientNorm.of(sum.squares(), StepTotals.correction(tokens, sum.validTokens()), settings.clip());
        phases.ended("norm");
        List<RouterLoad> loads = StepLoads.read(routing.layers(), sum.routed());
        double rate = settings.rate(step);
        if (norm.finite()) {
            optimizer.step(rate, norm.scale());
            bias.apply(loads);
            phases.ended("optimizer");
            model.store().publish();
            phases.ended("publish");
        }
        StepResult result =
                new StepResult(sum.meanLoss(), norm.norm(), rate, tokens, !norm.finite(), sum.moduleLosses(), loads);
        return List.of(new SettledStep(result, sum.stop()));
    }

    /** Modules of multi-token prediction weigh by the valid tokens of the whole step, which the ranks count beforehand. */
    private LossScales scales(long tokens, Microbatches microbatches) {
        if (model.config().predictionDepth() == 0) {
            return new LossScales(1f / tokens, List.of());
        }
        int[] limbs = StepTotals.limbs(microbatches.validTokens(model.config()));
        ranks.sumOverData(limbs);
        return LossScales.of(model.config(), tokens, StepTotals.numbers(limbs));
    }

    @Override
    public List<SettledStep> settle() {
        return List.of();
    }
}
