package dev.braid.models;

import dev.braid.tensor.Compute;
import dev.braid.tensor.DType;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.autograd.HeadLoss;
import dev.braid.tensor.autograd.Operations;
import dev.braid.tensor.autograd.Tape;
import dev.braid.tensor.autograd.Tape.Use;
import dev.braid.tensor.autograd.Variable;
import dev.braid.tensor.autograd.WeightQueue;
import dev.braid.tensor.parameters.Layout;
import dev.braid.tensor.parameters.Parameter;
import dev.braid.tensor.parameters.ParameterStore;
import dev.braid.tensor.parameters.TensorAxis;
import java.util.ArrayList;
import java.util.List;

/**
 * A decoder language model: embedding, blocks, final norm, head. Its parameters live in the memory of one rank's {@link
 * Compute}; what of them that is, is the layout's affair. Used by one thread.
 */
public final class Decoder {
    private final Architecture architecture;
    private final Compute compute;
    private final TensorAxis axis;
    private final ParameterStore store;
    private final float epsilon;

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
        this.compute = compute;
        this.axis = layout.tensorAxis();
        this.architecture = new Architecture(config, vocabulary, dtype, axis.ranks(), axis.rank());
        this.store = layout.store(compute, architecture.parameters());
        this.epsilon = (float) config.normEps();
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

    /** What this rank holds of the parameters for the optimizer, in the order of their names. */
    public List<Parameter> parameters() {
        return store.parameters();
    }

    /** Number of trained elements, over all ranks. */
    public long parameterCount() {
        return architecture.parameters().count();
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
        return Tape.training(compute, dtype(), queue, axis);
    }

    /** A tape for a pass without backward over a whole batch. */
    public Tape evaluationTape() {
        store.beginEvaluation();
        return Tape.inference(compute, dtype(), axis);
    }

    /**
     * Forward and, on a recording tape, the start of backward: afterwards {@link Tape#backward()} adds the gradients of
     * {@code scale * sum(loss)} to the parameters.
     *
     * @param scale one over the number of valid tokens of the step
     * @param recompute run each block again in backward instead of keeping its activations
     * @return the unscaled sum of the loss over valid tokens
     */
    public double loss(Tape tape, Batch batch, float scale, boolean recompute) {
        Variable normed = hidden(tape, batch, recompute);
        enterHead(tape);
        double loss = HeadLoss.of(tape, normed, architecture.head, batch.labels(), scale, 0);
        leaveHead(tape);
        return loss;
    }

    /** Logits F32 [tokens, V] of every position. The caller releases them. */
    public Tensor logits(Tape tape, Batch batch) {
        return logits(tape, hidden(tape, batch, false));
    }

    private Tensor logits(Tape tape, Variable normed) {
        enterHead(tape);
        Tensor logits = Operations.logits(tape, normed, architecture.head);
        leaveHead(tape);
        return logits;
    }

    /** From the tokens to the last norm, with the output unit entered. */
    private Variable hidden(Tape tape, Batch batch, boolean recompute) {
        Variable x = embed(tape, batch);
        for (Block block : architecture.blocks()) {
            Variable input = x;
            tape.enter(block.unit(), Use.TWICE);
            x = recompute
                    ? tape.checkpoint(input, (inner, value) -> block.forward(inner, value, batch))
                    : tape.scope(() -> block.forward(tape, input, batch));
            tape.leave(block.unit(), Use.TWICE);
        }
        return norm(tape, x);
    }

    private Variable embed(Tape tape, Batch batch) {
        tape.enter(architecture.embeddingUnit, Use.FORWARD);
        Variable x = Operations.embedding(tape, batch.tokens(), architecture.embedding);
        tape.leave(architecture.embeddingUnit, Use.FORWARD);
        return x;
    }

    private Variable norm(Tape tape, Variable x) {
        tape.enter(architecture.outputUnit, Use.KEPT);
        return Operations.rmsNorm(tape, x, architecture.norm, epsilon);
    }

    /** The tied head is the embedding's weight; the loss makes its gradients in forward and needs no values in backward. */
    private void enterHead(Tape tape) {
        if (config().tieEmbeddings()) {
            tape.enter(architecture.embeddingUnit, Use.FORWARD);
        }
    }

    private void leaveHead(Tape tape) {
        if (config().tieEmbeddings()) {
            tape.leave(architecture.embeddingUnit, Use.FORWARD);
        }
        tape.leave(architecture.outputUnit, Use.KEPT);
    }

    /** State for decoding one sequence of at most {@code longest} tokens. The caller closes it. */
    public DecodeState newState(int longest) {
        List<MixerState> states = new ArrayList<>();
        for (Block block : architecture.blocks()) {
            states.add(block.mixer().newState(compute.memory(), longest));
        }
        return new DecodeState(states, longest);
    }

    /** Takes in the next tokens of one sequence and returns the logits [V] after the last of them. */
    public float[] step(DecodeState state, int[] tokens) {
        state.advance(tokens.length);
        store.beginEvaluation();
        try (Tape tape = Tape.decoding(compute, dtype(), axis);
                Batch batch = Batch.allocate(compute.memory(), 1, tokens.length)) {
            int[] positions = new int[tokens.length];
            for (int i = 0; i < positions.length; i++) {
                positions[i] = state.length() - tokens.length + i;
            }
            batch.set(0, tokens, tokens, positions, new int[tokens.length]);
            Variable x = embed(tape, batch);
            for (int i = 0; i < architecture.blocks().size(); i++) {
                Block block = architecture.blocks().get(i);
                tape.enter(block.unit(), Use.TWICE);
                x = block.step(tape, x, batch, state.mixer(i));
                tape.leave(block.unit(), Use.TWICE);
            }
            Tensor last = x.value().rows(tokens.length - 1L, 1);
            Tensor logits = logits(tape, norm(tape, tape.leaf(last, false)));
            float[] values = logits.toFloats();
            logits.release();
            return values;
        }
    }

    /** See {@link Architecture#flopsPerToken}. */
    public double flopsPerToken(int length) {
        return architecture.flopsPerToken(length);
    }
}
