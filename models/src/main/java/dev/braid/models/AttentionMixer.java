package dev.braid.models;

import dev.braid.tensor.DType;
import dev.braid.tensor.Memory;
import dev.braid.tensor.Shape;
import dev.braid.tensor.attention.AttentionOptions;
import dev.braid.tensor.autograd.Columns;
import dev.braid.tensor.autograd.KeyValueCache;
import dev.braid.tensor.autograd.Operations;
import dev.braid.tensor.autograd.Operations.HeadLayout;
import dev.braid.tensor.autograd.Pointwise;
import dev.braid.tensor.autograd.Tape;
import dev.braid.tensor.autograd.Variable;
import dev.braid.tensor.ops.ElementFunction;
import dev.braid.tensor.ops.RopeTable;
import dev.braid.tensor.parameters.Division;
import dev.braid.tensor.parameters.Parameter.Initialization;
import dev.braid.tensor.parameters.ParameterSpec;
import dev.braid.tensor.parameters.Parameters;
import dev.braid.tensor.parameters.Weight;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.IntStream;

/**
 * {@code output(g * softmax(cap(scale q k^T)) v)} over the earlier positions of the window, query heads sharing KV heads in groups;
 * {@code cap(s) = c tanh(s / c)} and the gate {@code g = sigmoid(gate(x))} where the config has them. A decoder keeps the keys and
 * values of all positions, or of the sinks and at most two windows.
 */
final class AttentionMixer implements Mixer {
    private final int heads;
    private final HeadLayout layout;
    private final AttentionOptions options;
    private final DType dtype;
    private final Weight projections;
    private final boolean gated;
    private final Optional<Weight> bias;
    private final Optional<AttentionNorm> norm;
    private final Optional<Supplier<RopeTable>> rope;
    private final Weight output;
    private final Optional<Weight> outputBias;

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
        this.options = config.options(model.dim());
        this.dtype = construction.dtype();
        this.gated = config.gate();
        long queryRows = (long) heads * size;
        long keyRows = (long) config.keyValueHeads() * size;
        Division byHead = new Division.Rows(size);
        long together = (long) config.headsTogether(ranks) * size;
        Division byQueries = new Division.Rows(together);
        List<ParameterSpec> packed = new ArrayList<>(List.of(
                new ParameterSpec(prefix + "q.weight", Shape.of(queryRows, model.dim()), byQueries, init.inner()),
                new ParameterSpec(prefix + "k.weight", Shape.of(keyRows, model.dim()), byHead, init.inner()),
                new ParameterSpec(prefix + "v.weight", Shape.of(keyRows, model.dim()), byHead, init.inner())));
        if (gated) {
            packed.add(new ParameterSpec(
                    prefix + "gate.weight", Shape.of(queryRows, model.dim()), byQueries, init.inner()));
        }
        projections = parameters.pack(packed);
        Initialization zero = new Initialization.Constant(0);
        bias = config.qkvBias()
                ? Optional.of(parameters.pack(List.of(
                        new ParameterSpec(prefix + "q.bias", Shape.of(queryRows), byQueries, zero),
                        new ParameterSpec(prefix + "k.bias", Shape.of(keyRows), byHead, zero),
                        new ParameterSpec(prefix + "v.bias", Shape.of(keyRows), byHead, zero))))
                : Optional.empty();
        norm = AttentionNorm.declare(config, construction, prefix);
        rope = config.rope().map(settings -> construction.ropeTable(size, settings));
        output = parameters.add(new ParameterSpec(
                prefix + "output.weight",
                Shape.of(model.dim(), queryRows),
                new Division.Columns(together),
                init.intoResidual()));
        outputBias = config.outputBias()
                ? Optional.of(parameters.add(
                        new ParameterSpec(prefix + "output.bias", Shape.of(model.dim()), Division.WHOLE, zero)))
                : Optional.empty();
        int mine = output.columns() / size;
        int gates = gated ? mine : 0;
        this.layout = new HeadLayout(mine, (projections.rows() / size - mine - gates) / 2, size);
    }

    private static List<Integer> allowed(AttentionConfig config) {
        return IntStream.rangeClosed(1, config.heads())
                .filter(config::dividesOver)
                .boxed()
                .toList();
    }

    @Override
    public Variable forward(Tape tape, Variable x, Variable residual, Batch batch) {
        return mix(tape, x, residual, batch, Optional.empty());
    }

    @Override
    public Variable step(Tape tape, Variable x, Variable residual, Batch batch, MixerState state) {
        return mix(tape, x, residual, batch, Optional.of((Cache) state));
    }

    private Variable mix(Tape tape, Variable x, Variable residual, Batch batch, Optional<Cache> cache) {
        Variable projected = Operations.columnLinear(tape, x, projections);
        if (!gated) {
            return output(tape, attend(tape, projected, batch, cache), residual);
        }
        int queries = layout.heads() * layout.headSize();
        List<Variable> parts = Columns.split(tape, projected, layout.columns(), queries);
        Variable mixed = attend(tape, parts.getFirst(), batch, cache);
        Variable gate = Pointwise.apply(tape, parts.getLast(), ElementFunction.SIGMOID);
        return output(tape, Pointwise.multiply(tape, mixed, gate), residual);
    }

    private Variable attend(Tape tape, Variable projected, Batch batch, Optional<Cache> cache) {
        Variable packed =
                bias.map(weight -> Operations.addBias(tape, projected, weight)).orElse(projected);
        Variable normed = norm.map(part -> part.apply(tape, packed, layout)).orElse(packed);
        Variable rotated = rope.map(table -> Operations.rope(tape, normed, layout, table.get(), batch.positions()))
                .orElse(normed);
        return cache.map(kept -> Operations.cachedAttention(tape, rotated, layout, kept.rows(), options))
                .orElseGet(() -> Operations.attention(tape, rotated, layout, batch.sequences(), options));
    }

    private Variable output(Tape tape, Variable mixed, Variable residual) {
        Variable out = Operations.rowLinear(tape, mixed, output, residual);
        return outputBias.map(weight -> Operations.addBias(tape, out, weight)).orElse(out);
    }

    @Override
    public MixerState newState(Memory memory, int longest) {
        int columns = layout.kvHeads() * layout.headSize();
        return new Cache(new KeyValueCache(memory, dtype, columns, longest, options.window()));
    }

    @Override
    public double positionFlopsPerToken(int length) {
        // Two products of 2 * headSize operations with every visible key.
        return 4.0 * heads * layout.headSize() * options.window().visiblePairs(length) / length;
    }

    /** Keys and values of the tokens so far that later ones can see. */
    private record Cache(KeyValueCache rows) implements MixerState {
        @Override
        public void close() {
            rows.close();
        }
    }
}
