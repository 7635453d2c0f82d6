package dev.braid.models;

import dev.braid.tensor.Category;
import dev.braid.tensor.DType;
import dev.braid.tensor.Memory;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.autograd.Operations;
import dev.braid.tensor.autograd.Operations.HeadLayout;
import dev.braid.tensor.autograd.Tape;
import dev.braid.tensor.autograd.Variable;
import dev.braid.tensor.ops.RopeTable;
import dev.braid.tensor.parameters.Division;
import dev.braid.tensor.parameters.Parameter.Initialization;
import dev.braid.tensor.parameters.ParameterSpec;
import dev.braid.tensor.parameters.Parameters;
import dev.braid.tensor.parameters.Weight;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.IntStream;

/** {@code output(softmax(q k^T / sqrt(headSize)) v)} over all earlier positions, query heads sharing KV heads in groups. */
final class AttentionMixer implements Mixer {
    private final int heads;
    private final HeadLayout layout;
    private final float epsilon;
    private final DType dtype;
    private final Weight qkv;
    private final Optional<Weight> bias;
    private final Optional<Weight> queryNorm;
    private final Optional<Weight> keyNorm;
    private final Optional<Supplier<RopeTable>> rope;
    private final Weight output;

    AttentionMixer(AttentionConfig config, Construction construction, String prefix) {
        ModelConfig model = construction.model();
        Parameters parameters = construction.parameters();
        Initializations init = construction.init();
        int ranks = construction.tensorRanks();
        if (!config.dividesOver(ranks)) {
            throw new IllegalArgumentException(prefix + "attention: " + config.heads() + " query heads and "
                    + config.keyValueHeads() + " key and value heads can't be divided over " + ranks
                    + " tensor ranks; allowed are " + allowed(config));
        }
        int size = config.headSize(model.dim());
        this.heads = config.heads();
        this.epsilon = (float) model.normEps();
        this.dtype = construction.dtype();
        long queryRows = (long) heads * size;
        long keyRows = (long) config.keyValueHeads() * size;
        Division byHead = new Division.Rows(size);
        long together = (long) config.headsTogether(ranks) * size;
        Division byQueries = new Division.Rows(together);
        qkv = parameters.pack(List.of(
                new ParameterSpec(prefix + "q.weight", Shape.of(queryRows, model.dim()), byQueries, init.inner()),
                new ParameterSpec(prefix + "k.weight", Shape.of(keyRows, model.dim()), byHead, init.inner()),
                new ParameterSpec(prefix + "v.weight", Shape.of(keyRows, model.dim()), byHead, init.inner())));
        Initialization zero = new Initialization.Constant(0);
        bias = config.qkvBias()
                ? Optional.of(parameters.pack(List.of(
                        new ParameterSpec(prefix + "q.bias", Shape.of(queryRows), byQueries, zero),
                        new ParameterSpec(prefix + "k.bias", Shape.of(keyRows), byHead, zero),
                        new ParameterSpec(prefix + "v.bias", Shape.of(keyRows), byHead, zero))))
                : Optional.empty();
        queryNorm = config.qkNorm() ? Optional.of(norm(parameters, prefix + "q_norm.weight", size)) : Optional.empty();
        keyNorm = config.qkNorm() ? Optional.of(norm(parameters, prefix + "k_norm.weight", size)) : Optional.empty();
        rope = config.rope().map(settings -> construction.ropeTable(size, settings.base()));
        output = parameters.add(new ParameterSpec(
                prefix + "output.weight",
                Shape.of(model.dim(), queryRows),
                new Division.Columns(together),
                init.intoResidual()));
        int mine = output.columns() / size;
        this.layout = new HeadLayout(mine, (qkv.rows() / size - mine) / 2, size);
    }

    private static List<Integer> allowed(AttentionConfig config) {
        return IntStream.rangeClosed(1, config.heads())
                .filter(config::dividesOver)
                .boxed()
                .toList();
    }

    private static Weight norm(Parameters parameters, String name, int size) {
        return parameters.add(new ParameterSpec(name, Shape.of(size), Division.WHOLE, new Initialization.Constant(1)));
    }

    @Override
    public Variable forward(Tape tape, Variable x, Variable residual, Batch batch) {
        Variable heads = project(tape, x, batch);
        Variable mixed = Operations.attention(tape, heads, layout, batch.sequences());
        return Operations.rowLinear(tape, mixed, output, residual);
    }

    @Override
    public Variable step(Tape tape, Variable x, Variable residual, Batch batch, MixerState state) {
        Cache cache = (Cache) state;
        Variable heads = project(tape, x, batch);
        Variable mixed = Operations.cachedAttention(tape, heads, layout, cache.keys, cache.values, cache.rows);
        cache.rows += x.rows();
        return Operations.rowLinear(tape, mixed, output, residual);
    }

    private Variable project(Tape tape, Variable x, Batch batch) {
        Variable heads = Operations.columnLinear(tape, x, qkv);
        if (bias.isPresent()) {
            heads = Operations.addBias(tape, heads, bias.get());
        }
        if (queryNorm.isPresent() && keyNorm.isPresent()) {
            heads = Operations.headNorm(tape, heads, layout, queryNorm.get(), keyNorm.get(), epsilon);
        }
        return rope.isPresent()
                ? Operations.rope(tape, heads, layout, rope.get().get(), batch.positions())
                : heads;
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
        return 4.0 * heads * layout.headSize() * (length + 1) / 2;
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
