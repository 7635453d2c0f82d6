package dev.braid.trainer.train;

import dev.braid.models.Decoder;
import dev.braid.models.LossScales;
import dev.braid.parallelism.pipeline.MeasuredAction;
import dev.braid.parallelism.pipeline.PipelineExecutor;
import dev.braid.tensor.trace.Recorder;
import java.util.List;

/** All micro-batches of a step through the stages of a pipeline, of which the rank holds some. */
final class PipelinedPasses implements Passes {
    private final Decoder model;
    private final PipelineRank place;
    private final RankGroup ranks;
    private final DecoderStages stages;
    private final PipelineExecutor executor;
    private final Phases phases;
    private boolean warm;

    PipelinedPasses(Decoder model, boolean recompute, PipelineRank place, RankGroup ranks, Phases phases) {
        this.model = model;
        this.place = place;
        this.ranks = ranks;
        this.stages = new DecoderStages(model, place, recompute, ranks.countsLosses());
        this.executor = place.executor(stages);
        this.phases = phases;
    }

    @Override
    public void begin(Microbatches microbatches, LossScales scales, StepTotals totals, StepRouting routing) {
        if (microbatches.count() != place.schedule().microbatches()) {
            throw new IllegalArgumentException("a step of " + microbatches.count() + " micro-batches for schedule "
                    + place.schedule().name() + " of " + place.schedule().microbatches());
        }
        stages.begin(microbatches, scales, totals, routing);
        place.stages().forEach(model::holdGradients);
    }

    @Override
    public void warmUp() {
        guarded(executor::warmUp);
        warm = true;
        phases.ended("warm-up");
    }

    @Override
    public void discard() {
        guarded(executor::discard);
        stages.discard();
        warm = false;
        phases.ended("discard");
    }

    @Override
    public void abandon() {
        executor.abandon();
        stages.end();
        warm = false;
    }

    @Override
    public void finish() {
        // For the parameters' store the micro-batches of a step are one: it hears of gradients when all of them are
        // there.
        model.store().beginStep(1);
        model.store().beginMicrobatch();
        guarded(warm ? executor::finish : executor::run);
        warm = false;
        stages.end();
        phases.ended("pipeline");
        model.store().finishGradients();
        phases.ended("reduce");
    }

    @Override
    public void evaluate(Microbatches all, StepTotals totals) {
        Microbatches mine = all.share(ranks.dataRanks(), ranks.dataRank());
        // Where ranks send each other tokens, whoever has nothing left takes part with a sequence that does not count.
        boolean together = ranks.layout().expertAxis().ranks() > 1;
        Microbatches run = together ? mine.filled(Math.ceilDiv(all.count(), ranks.dataRanks()), all) : mine;
        if (run.count() > 0) {
            stages.evaluate(run, mine.count(), totals);
            guarded(() -> executor.evaluate(run.count()));
            stages.end();
        }
    }

    /** What has failed leaves no micro-batch behind. */
    private void guarded(Runnable body) {
        try {
            body.run();
        } catch (RuntimeException | Error failure) {
            stages.end();
            throw failure;
        }
    }

    @Override
    public List<MeasuredAction> measured() {
        return executor.measured();
    }

    @Override
    public void record(Recorder listener) {
        executor.record(listener);
    }
}
