package dev.braid.trainer.train;

import dev.braid.models.Batch;
import dev.braid.models.Decoder;
import dev.braid.models.LossScales;
import dev.braid.models.StageResult;
import dev.braid.parallelism.pipeline.MeasuredAction;
import dev.braid.tensor.autograd.Tape;
import dev.braid.tensor.parameters.ParameterStore;
import dev.braid.tensor.trace.Recorder;
import java.util.List;

/** One micro-batch after the other through a model that the rank holds whole. */
final class SequentialPasses implements Passes {
    private final Decoder model;
    private final boolean recompute;
    private final int groups;
    private final RankGroup ranks;
    private final Phases phases;
    private Microbatches microbatches = new Microbatches(List.of());
    private StepRouting routing;
    private LossScales scales = new LossScales(0, List.of());
    private StepTotals totals = new StepTotals(0);

    /** @param groups equal groups of micro-batches whose gradients add up by themselves */
    SequentialPasses(Decoder model, boolean recompute, int groups, RankGroup ranks, Phases phases) {
        this.model = model;
        this.recompute = recompute;
        this.groups = groups;
        this.ranks = ranks;
        this.phases = phases;
    }

    @Override
    public void begin(Microbatches step, LossScales gradientScales, StepTotals counted, StepRouting ofStep) {
        microbatches = step;
        routing = ofStep;
        scales = gradientScales;
        totals = counted;
    }

    @Override
    public void warmUp() {}

    @Override
    public void discard() {}

    @Override
    public void abandon() {}

    @Override
    public void finish() {
        ParameterStore store = model.store();
        store.beginStep(microbatches.count());
        phases.ended("begin");
        for (int i = 0; i < microbatches.count(); i++) {
            if (i > 0 && group(i) > group(i - 1)) {
                store.nextGroup();
            }
            store.beginMicrobatch();
            try (Batch batch = microbatches.batch(i, model.compute().memory());
                    Tape tape = model.trainingTape()) {
                StageResult result = model.train(tape, batch.routed(routing.of(i)), scales, recompute);
                count(totals, result, microbatches, i);
                tape.endForward();
                phases.ended("forward");
                tape.backward();
                phases.ended("backward");
            }
        }
        store.finishGradients();
        phases.ended("reduce");
    }

    private int group(int microbatch) {
        return microbatch * groups / microbatches.count();
    }

    private void count(StepTotals counted, StageResult result, Microbatches of, int microbatch) {
        if (ranks.countsLosses()) {
            counted.add(result, of, microbatch);
        }
    }

    @Override
    public void evaluate(Microbatches all, StepTotals counted) {
        for (int round = 0; round < all.count(); round += ranks.dataRanks()) {
            int mine = round + ranks.dataRank();
            boolean idle = mine >= all.count();
            // Whoever has nothing left still takes part in what the ranks do together.
            try (Batch batch = idle
                            ? all.spare(model.compute().memory())
                            : all.batch(mine, model.compute().memory());
                    Tape tape = model.evaluationTape()) {
                StageResult result = model.evaluate(tape, batch);
                if (!idle) {
                    count(counted, result, all, mine);
                }
            }
        }
    }

    @Override
    public List<MeasuredAction> measured() {
        return List.of();
    }

    @Override
    public void record(Recorder listener) {}
}
