package dev.braid.models;

import dev.braid.tensor.Compute;
import dev.braid.tensor.DType;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.autograd.HeadLoss;
import dev.braid.tensor.autograd.Operations;
import dev.braid.tensor.autograd.Parameter;
import dev.braid.tensor.autograd.Parameter.Initialization;
import dev.braid.tensor.autograd.Parameters;
import dev.braid.tensor.autograd.Tape;
import dev.braid.tensor.autograd.Variable;
import dev.braid.tensor.autograd.Weight;
import java.util.ArrayList;
import java.util.List;

/**
 * A decoder language model: embedding, blocks, final norm, head. Its parameters live in the memory of one rank's {@link
 * Compute}. Used by one thread.
 */
public final class Decoder {
    private final ModelConfig config;
    private final int vocabulary;
    private final DType dtype;
    private final Compute compute;
    private final Parameters parameters;
    private final Weight embedding;
    private final List<Block> blocks = new ArrayList<>();
    private final Weight norm;
    private final Weight head;
    private final float epsilon;

    /**
     * Allocates the model; its values are zero until {@link #initialize} or until a checkpoint is loaded.
     *
     * @param dtype of activations and of matrices as operations read them: F32 or BF16
     */
    public Decoder(ModelConfig config, int vocabulary, Compute compute, DType dtype) {
        this.config = config;
        this.vocabulary = vocabulary;
        this.compute = compute;
        this.dtype = dtype;
        this.epsilon = (float) config.normEps();
        Construction construction = new Construction(config, compute, dtype);
        this.parameters = construction.parameters();
        Initialization narrow = construction.init().inner();
        Initialization one = new Initialization.Constant(1);
        Shape width = Shape.of(config.dim());
        Shape table = Shape.of(vocabulary, config.dim());
        embedding = parameters.add("embedding.weight", table, narrow);
        List<ModelConfig.Layer> arrangement = config.arrangement();
        for (int i = 0; i < arrangement.size(); i++) {
            ModelConfig.Layer layer = arrangement.get(i);
            String prefix = "layers." + i + ".";
            Weight mixerNorm = parameters.add(prefix + "mixer_norm.weight", width, one);
            Mixer mixer = mixer(config.mixers().get(layer.mixer()), construction, prefix + "mixer.");
            Weight ffnNorm = parameters.add(prefix + "ffn_norm.weight", width, one);
            FeedForward ffn = feedForward(config.ffns().get(layer.ffn()), construction, prefix + "ffn.");
            blocks.add(new Block(mixerNorm, mixer, ffnNorm, ffn, epsilon));
        }
        norm = parameters.add("norm.weight", width, one);
        head = config.tieEmbeddings() ? embedding : parameters.add("head.weight", table, narrow);
    }

    private static Mixer mixer(MixerConfig settings, Construction construction, String prefix) {
        return switch (settings) {
            case AttentionConfig attention -> new AttentionMixer(attention, construction, prefix);
        };
    }

    private static FeedForward feedForward(FeedForwardConfig settings, Construction construction, String prefix) {
        return switch (settings) {
            case SwiGluConfig swiGlu -> new SwiGluFeedForward(swiGlu, construction, prefix);
        };
    }

    /** What the model was built from. */
    public ModelConfig config() {
        return config;
    }

    /** Number of token ids. */
    public int vocabulary() {
        return vocabulary;
    }

    /** Dtype of activations. */
    public DType dtype() {
        return dtype;
    }

    /** What the model runs on. */
    public Compute compute() {
        return compute;
    }

    /** Parameters in the order of their names. */
    public List<Parameter> parameters() {
        return parameters.all();
    }

    /** Number of trained elements. */
    public long parameterCount() {
        return parameters.count();
    }

    /** Draws all weights from {@code seed}. */
    public void initialize(long seed) {
        parameters.initialize(seed);
    }

    /** To be called after master values were set from outside. */
    public void refreshCompute() {
        parameters.refreshCompute();
    }

    /** Sets all gradients to zero. */
    public void zeroGradients() {
        parameters.zeroGradients();
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
        return HeadLoss.of(tape, hidden(tape, batch, recompute), head, batch.labels(), scale, 0);
    }

    /** Logits F32 [tokens, V] of every position. The caller releases them. */
    public Tensor logits(Tape tape, Batch batch) {
        return Operations.logits(tape, hidden(tape, batch, false), head);
    }

    private Variable hidden(Tape tape, Batch batch, boolean recompute) {
        Variable x = Operations.embedding(tape, batch.tokens(), embedding);
        for (Block block : blocks) {
            Variable input = x;
            x = recompute
                    ? tape.checkpoint(input, (inner, value) -> block.forward(inner, value, batch))
                    : tape.scope(() -> block.forward(tape, input, batch));
        }
        return Operations.rmsNorm(tape, x, norm, epsilon);
    }

    /** State for decoding one sequence of at most {@code longest} tokens. The caller closes it. */
    public DecodeState newState(int longest) {
        List<MixerState> states = new ArrayList<>();
        for (Block block : blocks) {
            states.add(block.mixer().newState(compute.memory(), longest));
        }
        return new DecodeState(states, longest);
    }

    /** Takes in the next tokens of one sequence and returns the logits [V] after the last of them. */
    public float[] step(DecodeState state, int[] tokens) {
        state.advance(tokens.length);
        try (Tape tape = Tape.inference(compute, dtype);
                Batch batch = Batch.allocate(compute.memory(), 1, tokens.length)) {
            int[] positions = new int[tokens.length];
            for (int i = 0; i < positions.length; i++) {
                positions[i] = state.length() - tokens.length + i;
            }
            batch.set(0, tokens, tokens, positions, new int[tokens.length]);
            Variable x = Operations.embedding(tape, batch.tokens(), embedding);
            for (int i = 0; i < blocks.size(); i++) {
                x = blocks.get(i).step(tape, x, batch, state.mixer(i));
            }
            Tensor last = x.value().rows(tokens.length - 1L, 1);
            Variable normed = Operations.rmsNorm(tape, tape.leaf(last, false), norm, epsilon);
            Tensor logits = Operations.logits(tape, normed, head);
            float[] values = logits.toFloats();
            logits.release();
            return values;
        }
    }

    /**
     * Model FLOPs of training on one token of a sequence of {@code length}: 6 for each weight of a matrix product (2
     * forward, 4 backward; the embedding is a look-up and counts only where it is also the head), and three times the
     * forward products between positions, counted over visible positions only.
     */
    public double flopsPerToken(int length) {
        double weights = 0;
        for (Parameter parameter : parameters.all()) {
            boolean lookUp = parameter.name().equals("embedding.weight") && !config.tieEmbeddings();
            if (parameter.shape().rank() >= 2 && !lookUp) {
                weights += parameter.shape().count();
            }
        }
        double positions = 0;
        for (Block block : blocks) {
            positions += block.mixer().positionFlopsPerToken(length);
        }
        return 6 * weights + 3 * positions;
    }
}
