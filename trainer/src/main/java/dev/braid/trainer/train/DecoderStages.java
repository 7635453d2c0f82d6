package dev.braid.trainer.train;

import dev.braid.models.Batch;
import dev.braid.models.Decoder;
import dev.braid.models.LossScales;
import dev.braid.models.StageResult;
import dev.braid.parallelism.pipeline.StageMap;
import dev.braid.parallelism.pipeline.StageModel;
import dev.braid.tensor.autograd.Tape;
import dev.braid.tensor.autograd.Variable;
import dev.braid.tensor.autograd.WeightQueue;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The stages of a decoder that a rank holds, with the micro-batches of a step. Every rank of a pipeline has the same micro-batches;
 * each puts into memory what it works on, from its first stage of a micro-batch to the step's end. Used by the rank's thread.
 */
final class DecoderStages implements StageModel {
    private final Decoder model;
    private final PipelineRank place;
    private final boolean recompute;
    private final boolean counts;
    private final Map<Integer, Batch> batches = new HashMap<>();
    private Microbatches microbatches = new Microbatches(List.of());
    private int counting;
    private LossScales scales = new LossScales(0, List.of());
    private StepTotals totals = new StepTotals(0);

    /** Of a training step; an evaluation has none. */
    private Optional<StepRouting> routing = Optional.empty();

    /** @param counts whether this rank answers for the losses of what it sees at the last stage */
    DecoderStages(Decoder model, PipelineRank place, boolean recompute, boolean counts) {
        this.model = model;
        this.place = place;
        this.recompute = recompute;
        this.counts = counts;
    }

    /** The micro-batches of a step; losses are counted in {@code counted}. */
    void begin(Microbatches step, LossScales gradientScales, StepTotals counted, StepRouting ofStep) {
        begin(step, gradientScales, counted, Optional.of(ofStep));
    }

    private void begin(Microbatches step, LossScales gradientScales, StepTotals counted, Optional<StepRouting> ofStep) {
        counting = step.count();
        microbatches = step;
        scales = gradientScales;
        totals = counted;
        routing = ofStep;
    }

    /** Micro-batches that only go forward, the first {@code real} of which count. */
    void evaluate(Microbatches validation, int real, StepTotals counted) {
        begin(validation, new LossScales(0, List.of()), counted, Optional.empty());
        counting = real;
    }

    /** The losses counted so far were not right. */
    void discard() {
        totals.clear();
        routing.ifPresent(StepRouting::discard);
    }

    /** All has run. */
    void end() {
        batches.values().forEach(Batch::close);
        batches.clear();
    }

    @Override
    public List<Passed> outputs(int stage, int microbatch) {
        return model.outputs(stage, microbatches.tokens(microbatch)).stream()
                .map(output -> new Passed(
                        output.name(),
                        output.dtype(),
                        output.shape(),
                        output.tokens(),
                        output.divided(),
                        output.differentiable()))
                .toList();
    }

    @Override
    public Tape trainingTape(WeightQueue queue) {
        return model.trainingTape(queue);
    }

    @Override
    public Tape evaluationTape() {
        return model.evaluationTape();
    }

    @Override
    public Map<String, Variable> forward(Tape tape, int stage, int microbatch, Map<String, Variable> inputs) {
        Batch held = batches.computeIfAbsent(
                microbatch, index -> microbatches.batch(index, model.compute().memory()));
        Batch batch = routed(held, microbatch);
        boolean training = routing.isPresent();
        StageResult result = model.forward(tape, stage, inputs, batch, scales, training && recompute);
        if (counts && microbatch < counting && stage == place.schedule().map().stages() - 1) {
            totals.add(result, microbatches, microbatch);
        }
        if (!training && stage == lastHere(microbatch)) {
            batches.remove(microbatch).close();
        }
        return result.passed();
    }

    /** Routed anew each time: what was warmed up and thrown away has left nothing behind. */
    private Batch routed(Batch batch, int microbatch) {
        return routing.map(step -> batch.routed(step.of(microbatch))).orElse(batch);
    }

    /** The last stage that this rank runs for a micro-batch. */
    private int lastHere(int microbatch) {
        StageMap map = place.schedule().map();
        int direction = map.direction(microbatch, microbatches.count());
        return place.stages().stream()
                .filter(stage -> map.rank(direction, stage) == place.rank())
                .mapToInt(stage -> stage)
                .max()
                .orElseThrow();
    }

    @Override
    public boolean exchangesRows() {
        return model.exchangesRows();
    }

    @Override
    public void gradientsComplete(int stage, int direction) {
        model.completeGradients(stage);
    }
}
