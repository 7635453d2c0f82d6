package dev.braid.models;

import dev.braid.tensor.DType;
import dev.braid.tensor.Memory;
import dev.braid.tensor.Shape;
import dev.braid.tensor.autograd.GatherRows;
import dev.braid.tensor.autograd.Norms;
import dev.braid.tensor.autograd.Operations;
import dev.braid.tensor.autograd.Pointwise;
import dev.braid.tensor.autograd.RecurrenceOperands;
import dev.braid.tensor.autograd.RecurrentOperations;
import dev.braid.tensor.autograd.Tape;
import dev.braid.tensor.autograd.TokenShift;
import dev.braid.tensor.autograd.Variable;
import dev.braid.tensor.ops.ElementFunction;
import dev.braid.tensor.parameters.Division;
import dev.braid.tensor.parameters.Parameter.Initialization;
import dev.braid.tensor.parameters.ParameterSpec;
import dev.braid.tensor.parameters.Weight;
import java.util.List;
import java.util.Optional;
import java.util.function.LongToDoubleFunction;

/** See {@link Rwkv7Config}. */
final class Rwkv7Mixer implements Mixer {
    private static final float DECAY_SCALE = (float) -Math.exp(-0.5);

    private final Construction construction;
    private final String prefix;
    private final int size;
    private final int dim;
    private final float keyEpsilon;
    private final float normEpsilon;
    private final List<Weight> shifts;
    private final Weight receptance;
    private final Weight key;
    private final Weight value;
    private final LowRank decay;
    private final Weight decayBias;
    private final LowRank rate;
    private final Weight rateBias;
    private final LowRank gate;
    private final String first;
    private final Optional<ValueMix> valueMix;
    private final Weight removal;
    private final Weight replacement;
    private final Weight bonus;
    private final Weight normWeight;
    private final Weight normBias;
    private final Weight output;
    private final int heads;

    /** How far v goes towards that of the first layer. */
    private record ValueMix(LowRank projection, Weight bias) {}

    Rwkv7Mixer(Rwkv7Config config, Construction construction, String prefix) {
        this.construction = construction;
        this.prefix = prefix;
        this.size = config.headSize();
        this.dim = construction.model().dim();
        this.keyEpsilon = (float) config.keyEps();
        this.normEpsilon = (float) (size * construction.model().normEps());
        int ranks = construction.tensorRanks();
        if (dim / size < ranks) {
            throw new IllegalArgumentException(prefix + "rwkv7: " + dim / size + " heads can't be divided over " + ranks
                    + " tensor ranks; allowed are 1 to " + dim / size);
        }
        Rwkv7FirstValues starts = new Rwkv7FirstValues(construction.model(), construction.height(), size);
        shifts = List.of(
                shift("x_r", starts.shift(0.2)),
                shift("x_w", starts.shift(0.9)),
                shift("x_k", starts.shift(0.7)),
                shift("x_v", starts.shift(0.7)),
                shift("x_a", starts.shift(0.9)),
                shift("x_g", starts.shift(0.2)));
        receptance = projection("r.weight");
        key = projection("k.weight");
        value = projection("v.weight");
        decay = lowRank("decay", config.decayRank(), Optional.of(ElementFunction.TANH));
        decayBias = channels("decay.bias", starts.decay());
        rate = lowRank("rate", config.rateRank(), Optional.empty());
        rateBias = channels("rate.bias", starts.rate());
        gate = lowRank("gate", config.gateRank(), Optional.of(ElementFunction.SIGMOID));
        // The same in all layers: the part of the name behind the layer's.
        first = prefix.substring(prefix.indexOf('.', "layers.".length()) + 1) + "v_first";
        valueMix = construction.carry(first, receptance.rows())
                ? Optional.empty()
                : Optional.of(new ValueMix(
                        lowRank("value_mix", config.valueRank(), Optional.empty()),
                        channels("value_mix.bias", starts.valueMix())));
        removal = channels("k_k", starts.removal());
        replacement = channels("k_a", element -> 1.02);
        bonus = channels("r_k", element -> -0.04);
        normWeight = channels("norm.weight", starts.norm());
        normBias = channels("norm.bias", element -> 0);
        output = construction
                .parameters()
                .add(new ParameterSpec(
                        prefix + "output.weight",
                        Shape.of(dim, dim),
                        new Division.Columns(size),
                        construction.init().intoResidual()));
        heads = output.columns() / size;
    }

    /** A factor for each column of the input, which every rank has. */
    private Weight shift(String name, LongToDoubleFunction start) {
        return construction
                .parameters()
                .add(new ParameterSpec(
                        prefix + name, Shape.of(dim), Division.WHOLE, new Initialization.ByElement(start)));
    }

    /** A number for each column of the heads. */
    private Weight channels(String name, LongToDoubleFunction start) {
        return construction
                .parameters()
                .add(new ParameterSpec(
                        prefix + name, Shape.of(dim), new Division.Rows(size), new Initialization.ByElement(start)));
    }

    private Weight projection(String name) {
        return construction
                .parameters()
                .add(new ParameterSpec(
                        prefix + name,
                        Shape.of(dim, dim),
                        new Division.Rows(size),
                        construction.init().inner()));
    }

    private LowRank lowRank(String name, int rank, Optional<ElementFunction> function) {
        return LowRank.declare(construction, prefix + name, rank, function, dim, size);
    }

    @Override
    public Variable forward(Tape tape, Variable x, Variable residual, Batch batch) {
        return Operations.rowLinear(tape, mix(tape, x, batch, Optional.empty()), output, residual);
    }

    @Override
    public Variable step(Tape tape, Variable x, Variable residual, Batch batch, MixerState state) {
        Variable mixed = mix(tape, x, batch, Optional.of((RecurrentState) state));
        return Operations.rowLinear(tape, mixed, output, residual);
    }

    private Variable mix(Tape tape, Variable x, Batch batch, Optional<RecurrentState> state) {
        List<Variable> inputs = TokenShift.mix(
                tape,
                GatherRows.of(tape, x),
                shifts,
                batch.sequences(),
                batch.documents(),
                RecurrentState.at(state, 0));
        Variable r = Operations.linear(tape, inputs.get(0), receptance);
        Variable logDecay = logDecay(tape, inputs.get(1));
        Variable k = Operations.linear(tape, inputs.get(2), key);
        Variable v = values(tape, inputs.get(3), batch.carried());
        Variable a = sigmoid(tape, rate.apply(tape, inputs.get(4)), rateBias);
        Variable g = gate.apply(tape, inputs.get(5));
        Variable kappa = Norms.unitLength(tape, Pointwise.scaleColumns(tape, k, removal), size, keyEpsilon);
        Variable written = replaced(tape, k, a);
        RecurrenceOperands operands = RecurrenceOperands.of(size, size, r, written, v)
                .withDecay(logDecay)
                .withErase(Pointwise.scale(tape, kappa, -1), Pointwise.multiply(tape, kappa, a));
        Variable read = RecurrentOperations.recurrence(
                tape, operands, batch.sequences(), batch.documents(), RecurrentState.at(state, 1));
        Variable normed = Norms.group(tape, read, normWeight, normBias, size, normEpsilon);
        Variable own = Pointwise.dotHeads(tape, r, Pointwise.scaleColumns(tape, written, bonus), heads);
        Variable sum = Pointwise.add(tape, normed, Pointwise.scaleHeads(tape, v, own));
        return Pointwise.multiply(tape, sum, g);
    }

    /** In F32, as an exponential follows. */
    private Variable logDecay(Tape tape, Variable x) {
        Variable projected = Pointwise.convert(tape, decay.apply(tape, x), DType.F32);
        return Pointwise.scale(tape, sigmoid(tape, projected, decayBias), DECAY_SCALE);
    }

    private static Variable sigmoid(Tape tape, Variable x, Weight bias) {
        return Pointwise.apply(tape, Pointwise.plusBias(tape, x, bias), ElementFunction.SIGMOID);
    }

    /** The first layer leaves its values for the others; these go some way back to them. */
    private Variable values(Tape tape, Variable x, CarriedValues carried) {
        Variable v = Operations.linear(tape, x, value);
        if (valueMix.isEmpty()) {
            carried.put(first, v);
            return v;
        }
        Variable far = sigmoid(
                tape, valueMix.get().projection().apply(tape, x), valueMix.get().bias());
        return Pointwise.mix(tape, v, carried.get(first), far);
    }

    /** {@code k (1 + (a - 1) k_a)}: {@code k + (a k - k) k_a}. */
    private Variable replaced(Tape tape, Variable k, Variable a) {
        Variable change = Pointwise.subtract(tape, Pointwise.multiply(tape, k, a), k);
        return Pointwise.add(tape, k, Pointwise.scaleColumns(tape, change, replacement));
    }

    @Override
    public MixerState newState(Memory memory, int longest) {
        return new RecurrentState(memory, List.of(Shape.of(1, dim), Shape.of(1, heads, size, size)));
    }

    @Override
    public double positionFlopsPerToken(int length) {
        // Four products of a row with a state of size * size in each head.
        return 8.0 * dim * size;
    }
}
