package dev.braid.models;

import dev.braid.tensor.Category;
import dev.braid.tensor.DType;
import dev.braid.tensor.Memory;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.autograd.Operations;
import dev.braid.tensor.autograd.Operations.HeadLayout;
import dev.braid.tensor.autograd.Parameter.Initialization;
import dev.braid.tensor.autograd.Parameters;
import dev.braid.tensor.autograd.Tape;
import dev.braid.tensor.autograd.Variable;
import dev.braid.tensor.autograd.Weight;
import dev.braid.tensor.ops.RopeTable;
import java.util.List;
import java.util.Optional;

/** {@code output(softmax(q k^T / sqrt(headSize)) v)} over all earlier positions, query heads sharing KV heads in groups. */
final class AttentionMixer implements Mixer {
    private final HeadLayout layout;
    private final float epsilon;
    private final DType dtype;
    private final Weight qkv;
    private final Optional<Weight> bias;
    private final Optional<Weight> queryNorm;
    private final Optional<Weight> keyNorm;
    private final Optional<RopeTable> rope;
    private final Weight output;

    AttentionMixer(AttentionConfig config, Construction construction, String prefix) {
        ModelConfig model = construction.model();
        Parameters parameters = construction.parameters();
        Initializations init = construction.init();
        int size = config.headSize(model.dim());
        this.layout = new HeadLayout(config.heads(), config.keyValueHeads(), size);
        this.epsilon = (float) model.normEps();
        this.dtype = construction.dtype();
        long queryRows = (long) layout.heads() * size;
        long keyRows = (long) layout.kvHeads() * size;
        qkv = parameters.pack(List.of(
                new Parameters.Spec(prefix + "q.weight", Shape.of(queryRows, model.dim()), init.inner()),
                new Parameters.Spec(prefix + "k.weight", Shape.of(keyRows, model.dim()), init.inner()),
                new Parameters.Spec(prefix + "v.weight", Shape.of(keyRows, model.dim()), init.inner())));
        Initialization zero = new Initialization.Constant(0);
        bias = config.qkvBias()
                ? Optional.of(parameters.pack(List.of(
                        new Parameters.Spec(prefix + "q.bias", Shape.of(queryRows), zero),
                        new Parameters.Spec(prefix + "k.bias", Shape.of(keyRows), zero),
                        new Parameters.Spec(prefix + "v.bias", Shape.of(keyRows), zero))))
                : Optional.empty();
        Initialization one = new Initialization.Constant(1);
        queryNorm = config.qkNorm()
                ? Optional.of(parameters.add(prefix + "q_norm.weight", Shape.of(size), one))
                : Optional.empty();
        keyNorm = config.qkNorm()
                ? Optional.of(parameters.add(prefix + "k_norm.weight", Shape.of(size), one))
                : Optional.empty();
        rope = config.rope().map(settings -> construction.ropeTable(size, settings.base()));
        output = parameters.add(prefix + "output.weight", Shape.of(model.dim(), queryRows), init.intoResidual());
    }

    @Override
    public Variable forward(Tape tape, Variable x, Variable residual, Batch batch) {
        Variable heads = project(tape, x, batch);
        Variable mixed = Operations.attention(tape, heads, layout, batch.sequences());
        return Operations.linear(tape, mixed, output, residual);
    }

    @Override
    public Variable step(Tape tape, Variable x, Variable residual, Batch batch, MixerState state) {
        Cache cache = (Cache) state;
        Variable heads = project(tape, x, batch);
        Variable mixed = Operations.cachedAttention(tape, heads, layout, cache.keys, cache.values, cache.rows);
        cache.rows += x.rows();
        return Operations.linear(tape, mixed, output, residual);
    }

    private Variable project(Tape tape, Variable x, Batch batch) {
        Variable heads = Operations.linear(tape, x, qkv);
        if (bias.isPresent()) {
            heads = Operations.addBias(tape, heads, bias.get());
        }
        if (queryNorm.isPresent() && keyNorm.isPresent()) {
            heads = Operations.headNorm(tape, heads, layout, queryNorm.get(), keyNorm.get(), epsilon);
        }
        return rope.isPresent() ? Operations.rope(tape, heads, layout, rope.get(), batch.positions()) : heads;
    }

    @Override
    public MixerState newState(Memory memory, int longest) {
        Shape shape = Shape.of(longest, (long) layout.kvHeads() * layout.headSize());
        return new Cache(
                memory.zeros(Category.ACTIVATIONS, dtype, shape), memory.zeros(Category.ACTIVATIONS, dtype, shape));
    }

    @Override
    public double positionFlopsPerToken(int length) {
        // Two products of 2 * headSize operations with every visible key: (length + 1) / 2 of them on average.
        return 4.0 * layout.heads() * layout.headSize() * (length + 1) / 2;
    }

    /** Keys and values of all tokens so far. */
    private static final class Cache implements MixerState {
        private final Tensor keys;
        private final Tensor values;
        private int rows;

        Cache(Tensor keys, Tensor values) {
            this.keys = keys;
            this.values = values;
        }

        @Override
        public void close() {
            keys.release();
            values.release();
        }
    }
}
