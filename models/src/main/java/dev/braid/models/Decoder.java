package dev.braid.models;

import dev.braid.tensor.Compute;
import dev.braid.tensor.DType;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.autograd.HeadLoss;
import dev.braid.tensor.autograd.LogitTransform;
import dev.braid.tensor.autograd.Operations;
import dev.braid.tensor.autograd.Pointwise;
import dev.braid.tensor.autograd.Tape;
import dev.braid.tensor.autograd.Tape.Use;
import dev.braid.tensor.autograd.Variable;
import dev.braid.tensor.autograd.WeightQueue;
import dev.braid.tensor.parameters.ExpertAxis;
import dev.braid.tensor.parameters.Layout;
import dev.braid.tensor.parameters.Parameter;
import dev.braid.tensor.parameters.ParameterStore;
import dev.braid.tensor.parameters.Place;
import dev.braid.tensor.parameters.TensorAxis;
import dev.braid.tensor.parameters.Unit;
import dev.braid.tensor.parameters.Weight;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * A decoder language model: embedding, blocks, final norm, head, cut into the stages of a pipeline, or in one. Its parameters live
 * in the memory of one rank's {@link Compute}: those of the stages that the rank holds, and of these what the layout says. Used by
 * one thread.
 */
public final class Decoder {
    private static final String HIDDEN = "hidden";
    private static final LossScales NO_SCALES = new LossScales(0, List.of());

    private final Architecture architecture;
    private final StageSplit split;
    private final Set<Integer> held;
    private final Compute compute;
    private final TensorAxis axis;
    private final ExpertAxis experts;
    private final ParameterStore store;
    private final LogitTransform transform;

    /**
     * Allocates the whole model for one rank; its values are zero until {@link #initialize} or until a checkpoint is loaded.
     *
     * @param dtype of activations and of matrices as operations read them: F32 or BF16
     */
    public Decoder(ModelConfig config, int vocabulary, Compute compute, DType dtype) {
        this(config, vocabulary, compute, dtype, Layout.SINGLE);
    }

    /** Allocates what the rank of {@code layout} holds of the model. */
    public Decoder(ModelConfig config, int vocabulary, Compute compute, DType dtype, Layout layout) {
        this(config, vocabulary, compute, dtype, layout, StageSplit.whole(config.layers()), List.of(0));
    }

    /**
     * Allocates what the rank of {@code layout} holds of some stages of the model.
     *
     * @param stages those that it holds, counted from 0
     * @throws IllegalArgumentException when the split is of a model with another number of layers
     */
    public Decoder(
            ModelConfig config,
            int vocabulary,
            Compute compute,
            DType dtype,
            Layout layout,
            StageSplit split,
            List<Integer> stages) {
        if (split.stages().getLast().to() != config.layers()) {
            throw new IllegalArgumentException(
                    "the stages " + split.stages() + " are not those of a model of " + config.layers() + " layers");
        }
        this.compute = compute;
        this.axis = layout.tensorAxis();
        this.experts = layout.expertAxis();
        this.architecture = new Architecture(config, vocabulary, dtype, Place.of(axis, experts));
        this.split = split;
        this.held = new LinkedHashSet<>(stages);
        List<Unit> units =
                stages.stream().flatMap(stage -> units(stage).stream()).toList();
        this.store = layout.store(compute, architecture.parameters().held(units));
        this.transform = new LogitTransform(
                (float) config.logitScale(), config.logitSoftCap().map(Double::floatValue));
    }

    /** What the model was built from. */
    public ModelConfig config() {
        return architecture.config();
    }

    /** Number of token ids. */
    public int vocabulary() {
        return architecture.vocabulary();
    }

    /** Dtype of activations. */
    public DType dtype() {
        return architecture.dtype();
    }

    /** What the model runs on. */
    public Compute compute() {
        return compute;
    }

    /** Its parts, as declared. */
    public Architecture architecture() {
        return architecture;
    }

    /** Who holds the parameters. */
    public ParameterStore store() {
        return store;
    }

    /** How the model is cut into stages. */
    public StageSplit split() {
        return split;
    }

    private List<Unit> units(int stage) {
        return architecture.units(split.stages().get(stage));
    }

    /** What this rank holds of the parameters for the optimizer, in the order of their names. */
    public List<Parameter> parameters() {
        return store.parameters();
    }

    /** Number of trained elements, over all ranks. */
    public long parameterCount() {
        return architecture.parameters().count();
    }

    /** Those of them that a token uses on average. */
    public long activeParameterCount() {
        return architecture.parameters().activeCount();
    }

    /** Draws all weights from {@code seed}. */
    public void initialize(long seed) {
        store.initialize(compute, seed);
    }

    /** To be called after master values were set from outside. */
    public void refreshCompute() {
        store.refresh(compute);
    }

    /** A tape for a micro-batch. */
    public Tape trainingTape() {
        return trainingTape(null);
    }

    /** A tape for a micro-batch whose weight halves are put into {@code queue}. */
    public Tape trainingTape(WeightQueue queue) {
        return Tape.training(compute, dtype(), queue, axis, experts);
    }

    /** Whether ranks send each other rows of tokens, for experts that others have. */
    public boolean exchangesRows() {
        return experts.ranks() > 1;
    }

    /** A tape for a pass without backward over a whole batch. */
    public Tape evaluationTape() {
        store.beginEvaluation();
        return Tape.inference(compute, dtype(), axis, experts);
    }

    /**
     * Keeps the gradients of a stage's units open until {@link #completeGradients}: for several micro-batches in flight, whose uses
     * begin and end in any order.
     */
    public void holdGradients(int stage) {
        units(stage).forEach(Unit::beginUse);
    }

    /** All that adds to the gradients of a stage's units in this step has run: they can be reduced. */
    public void completeGradients(int stage) {
        List<Unit> units = units(stage).reversed();
        units.stream().filter(unit -> unit.original().isEmpty()).forEach(Unit::endUse);
        // A tied unit may have to wait for its original on another rank: last, so that nothing waits behind it.
        units.stream().filter(unit -> unit.original().isPresent()).forEach(Unit::endUse);
    }

    /** What {@code stage} passes on for a micro-batch of {@code tokens}, in order; nothing at the last stage. */
    public List<StageOutput> outputs(int stage, int tokens) {
        if (split.stages().get(stage).head()) {
            return List.of();
        }
        Shape shape = Shape.of(axis.share(tokens), config().dim());
        List<StageOutput> outputs = new ArrayList<>();
        outputs.add(new StageOutput(HIDDEN, dtype(), shape, tokens, axis.ranks() > 1, true));
        for (CarriedValue value : carriedOutOf(stage)) {
            outputs.add(value.output(tokens, dtype(), true));
        }
        return outputs;
    }

    private List<CarriedValue> carriedOutOf(int stage) {
        return architecture.carriedInto(split.stages().get(stage).to());
    }

    /**
     * Runs one stage forward. On a recording tape the last stage also starts backward: afterwards {@link Tape#backward()} adds the
     * gradients of {@code scale * sum(loss)} to the parameters.
     *
     * @param inputs what the stage before has passed on, by name, on this tape; none at stage 0
     * @param batch the micro-batch, the same at all stages
     * @param scales of the losses, where the tape records
     * @param recompute run each block again in backward instead of keeping its activations
     * @throws IllegalArgumentException when the rank does not hold the stage
     */
    public StageResult forward(
            Tape tape, int stage, Map<String, Variable> inputs, Batch batch, LossScales scales, boolean recompute) {
        CarriedValues carried = carriedInto(stage, inputs);
        Batch carrying = batch.carrying(carried);
        Variable x = layers(tape, stage, inputs, carrying, recompute);
        if (!split.stages().get(stage).head()) {
            return new StageResult(passed(stage, x, carried), 0, 0);
        }
        if (!tape.recording()) {
            Variable normed = norm(tape, x);
            enterHead(tape);
            HeadLoss.Evaluation head = HeadLoss.evaluate(tape, normed, architecture.head, batch.labels(), 0, transform);
            leaveHead(tape);
            return new StageResult(Map.of(), head.loss(), head.correct());
        }
        List<Variable> ahead = predict(tape, x, carrying, recompute);
        Variable normed = norm(tape, x);
        enterHead(tape);
        List<Double> losses = HeadLosses.of(tape, normed, ahead, architecture.head, batch, scales, transform);
        leaveHead(tape);
        return new StageResult(Map.of(), losses.getFirst(), 0, losses.subList(1, losses.size()));
    }

    /** The same, where the modules of multi-token prediction weigh as if the micro-batch were all there is. */
    public StageResult forward(
            Tape tape, int stage, Map<String, Variable> inputs, Batch batch, float scale, boolean recompute) {
        return forward(tape, stage, inputs, batch, LossScales.alone(config(), batch, scale), recompute);
    }

    /** What the modules of multi-token prediction make for the head. */
    private List<Variable> predict(Tape tape, Variable x, Batch batch, boolean recompute) {
        List<Variable> normed = new ArrayList<>();
        Variable hidden = x;
        for (int k = 0; k < config().predictionDepth(); k++) {
            Variable embedded = embedAhead(tape, batch, k + 1);
            Block block = architecture.moduleBlock(k);
            block.enter(tape);
            List<Variable> made =
                    architecture.predict(tape, k, Operations.branch(tape, hidden), embedded, batch, recompute);
            block.leave(tape);
            hidden = made.getFirst();
            normed.add(made.getLast());
        }
        return normed;
    }

    private Variable embedAhead(Tape tape, Batch batch, int ahead) {
        Unit unit = architecture.again.orElseThrow();
        tape.enter(unit, Use.FORWARD);
        Tensor tokens = FutureTokens.tokens(compute, batch, ahead);
        Variable x = embed(tape, tokens, unit.weights().getFirst());
        tokens.release();
        tape.leave(unit, Use.FORWARD);
        return x;
    }

    /** Logits F32 [tokens, V] of every position, from the last stage; otherwise as {@link #forward}. The caller releases them. */
    public Tensor logits(Tape tape, int stage, Map<String, Variable> inputs, Batch batch) {
        if (!split.stages().get(stage).head()) {
            throw new IllegalArgumentException("logits come from the last stage, and not from stage " + stage + " of "
                    + split.stages().size());
        }
        Batch carrying = batch.carrying(carriedInto(stage, inputs));
        return logits(tape, norm(tape, layers(tape, stage, inputs, carrying, false)));
    }

    /** What comes into a stage beside the hidden state. */
    private CarriedValues carriedInto(int stage, Map<String, Variable> inputs) {
        CarriedValues carried = new CarriedValues();
        architecture
                .carriedInto(split.stages().get(stage).from())
                .forEach(value -> carried.put(value.name(), inputs.get(value.name())));
        return carried;
    }

    private Map<String, Variable> passed(int stage, Variable x, CarriedValues carried) {
        Map<String, Variable> passed = new LinkedHashMap<>();
        passed.put(HIDDEN, x);
        carriedOutOf(stage).forEach(value -> passed.put(value.name(), carried.get(value.name())));
        return passed;
    }

    /**
     * All stages forward, on a rank that holds them all.
     *
     * @return the unscaled sum of the loss over valid tokens
     */
    public double loss(Tape tape, Batch batch, float scale, boolean recompute) {
        return train(tape, batch, LossScales.alone(config(), batch, scale), recompute)
                .loss();
    }

    /** All stages forward on a tape that records, on a rank that holds them all: see {@link #forward}. */
    public StageResult train(Tape tape, Batch batch, LossScales scales, boolean recompute) {
        Map<String, Variable> inputs = beforeLast(tape, batch, scales, recompute);
        return forward(tape, lastStage(), inputs, batch, scales, recompute);
    }

    /** All stages forward on a tape that does not record, on a rank that holds them all: what the last one comes to. */
    public StageResult evaluate(Tape tape, Batch batch) {
        return forward(tape, lastStage(), beforeLast(tape, batch, NO_SCALES, false), batch, NO_SCALES, false);
    }

    /** Logits F32 [tokens, V] of every position, on a rank that holds all stages. The caller releases them. */
    public Tensor logits(Tape tape, Batch batch) {
        return logits(tape, lastStage(), beforeLast(tape, batch, NO_SCALES, false), batch);
    }

    private int lastStage() {
        return split.stages().size() - 1;
    }

    /** What comes to the last stage. */
    private Map<String, Variable> beforeLast(Tape tape, Batch batch, LossScales scales, boolean recompute) {
        Map<String, Variable> inputs = Map.of();
        for (int stage = 0; stage < lastStage(); stage++) {
            inputs = forward(tape, stage, inputs, batch, scales, recompute).passed();
        }
        return inputs;
    }

    private Tensor logits(Tape tape, Variable normed) {
        enterHead(tape);
        Tensor logits = Operations.logits(tape, normed, architecture.head, transform);
        leaveHead(tape);
        return logits;
    }

    /** From the tokens, or from what the stage before has passed on, through the stage's layers. */
    private Variable layers(Tape tape, int stage, Map<String, Variable> inputs, Batch batch, boolean recompute) {
        requireHeld(stage);
        Stage part = split.stages().get(stage);
        Variable x = part.embedding() ? embed(tape, batch) : inputs.get(HIDDEN);
        for (int layer = part.from(); layer < part.to(); layer++) {
            x = layer(tape, layer, x, batch, recompute);
        }
        return x;
    }

    private Variable layer(Tape tape, int layer, Variable x, Batch batch, boolean recompute) {
        Block block = architecture.blocks().get(layer);
        block.enter(tape);
        Variable y = architecture.run(tape, layer, x, batch, recompute);
        block.leave(tape);
        return y;
    }

    private void requireHeld(int stage) {
        if (!held.contains(stage)) {
            throw new IllegalArgumentException("this rank holds the stages " + held + ", and not stage " + stage);
        }
    }

    private Variable embed(Tape tape, Batch batch) {
        tape.enter(architecture.embeddingUnit, Use.FORWARD);
        Variable x = embed(tape, batch.tokens(), architecture.embedding);
        tape.leave(architecture.embeddingUnit, Use.FORWARD);
        return x;
    }

    private Variable embed(Tape tape, Tensor tokens, Weight table) {
        float factor = config().embeddingFactor();
        return tape.scope(() -> {
            Variable rows = Operations.embedding(tape, tokens, table);
            return factor == 1 ? rows : Pointwise.scale(tape, rows, factor);
        });
    }

    /** The last norm, with the output unit entered. */
    private Variable norm(Tape tape, Variable x) {
        tape.enter(architecture.outputUnit, Use.KEPT);
        return architecture.norm.apply(tape, x);
    }

    /** The loss makes the head's gradients in forward and needs no values in backward. */
    private void enterHead(Tape tape) {
        if (config().tieEmbeddings()) {
            tape.enter(architecture.headUnit, Use.FORWARD);
        }
    }

    private void leaveHead(Tape tape) {
        if (config().tieEmbeddings()) {
            tape.leave(architecture.headUnit, Use.FORWARD);
        }
        tape.leave(architecture.outputUnit, Use.KEPT);
    }

    /** State for decoding one sequence of at most {@code longest} tokens. The caller closes it. */
    public DecodeState newState(int longest) {
        Map<Integer, MixerState> states = new HashMap<>();
        for (int stage : held) {
            Stage part = split.stages().get(stage);
            for (int layer = part.from(); layer < part.to(); layer++) {
                states.put(layer, architecture.blocks().get(layer).newState(compute.memory(), longest));
            }
        }
        return new DecodeState(states, longest);
    }

    /** Takes in the next tokens of one sequence and returns the logits [V] after the last of them; on a rank with all stages. */
    public float[] step(DecodeState state, int[] tokens) {
        int from = state.length();
        state.advance(tokens.length);
        List<Tensor> passed = List.of();
        for (int stage = 0; stage <= lastStage(); stage++) {
            passed = decode(state, stage, tokens, from, passed);
        }
        Tensor logits = passed.getFirst();
        float[] values = logits.toFloats();
        logits.release();
        return values;
    }

    /** What {@link #decode} gives at a stage for {@code tokens}; every rank of the tensor axis has all rows. */
    public List<StageOutput> decodeOutputs(int stage, int tokens) {
        Stage part = split.stages().get(stage);
        if (part.head()) {
            return List.of(new StageOutput("logits", DType.F32, Shape.of(1, vocabulary()), 1, false, false));
        }
        List<StageOutput> outputs = new ArrayList<>();
        outputs.add(new StageOutput(HIDDEN, dtype(), Shape.of(tokens, config().dim()), tokens, false, false));
        for (CarriedValue value : carriedOutOf(stage)) {
            outputs.add(value.output(tokens, dtype(), false));
        }
        return outputs;
    }

    /**
     * One stage's part of taking in the next tokens of one sequence, for a pipeline.
     *
     * @param from position of the first of the tokens: how many the sequence had before
     * @param passed what the stage before has made of them, as {@link #decodeOutputs} lists it: the hidden state [n, D] first;
     *     nothing at stage 0; references are taken over
     * @return what this one makes of them, as {@link #decodeOutputs} lists it: at the last stage the logits [1, V] after the last
     *     one, F32; the caller releases it
     */
    public List<Tensor> decode(DecodeState state, int stage, int[] tokens, int from, List<Tensor> passed) {
        requireHeld(stage);
        Stage part = split.stages().get(stage);
        store.beginEvaluation();
        try (Tape tape = Tape.decoding(compute, dtype(), axis, experts);
                Batch allocated = Batch.allocate(compute.memory(), 1, tokens.length)) {
            int[] positions = new int[tokens.length];
            Arrays.setAll(positions, i -> from + i);
            allocated.set(0, tokens, tokens, positions, new int[tokens.length]);
            Map<String, Variable> inputs = decodeInputs(tape, stage, tokens.length, passed);
            CarriedValues carried = carriedInto(stage, inputs);
            Batch batch = allocated.carrying(carried);
            Variable x = part.embedding() ? embed(tape, batch) : inputs.get(HIDDEN);
            for (int layer = part.from(); layer < part.to(); layer++) {
                x = architecture.step(tape, layer, x, batch, state.layer(layer));
            }
            if (!part.head()) {
                return passed(stage, x, carried).values().stream()
                        .map(value -> value.value().retain())
                        .toList();
            }
            Tensor last = x.value().rows(tokens.length - 1L, 1);
            return List.of(logits(tape, norm(tape, tape.leaf(last, false))));
        } finally {
            passed.forEach(Tensor::release);
        }
    }

    private Map<String, Variable> decodeInputs(Tape tape, int stage, int tokens, List<Tensor> passed) {
        Map<String, Variable> inputs = new LinkedHashMap<>();
        for (int i = 0; i < passed.size(); i++) {
            inputs.put(decodeOutputs(stage - 1, tokens).get(i).name(), tape.leaf(passed.get(i), false));
        }
        return inputs;
    }

    /** See {@link Architecture#flopsPerToken}. */
    public double flopsPerToken(int length) {
        return architecture.flopsPerToken(length);
    }
}
