package dev.braid.models;

import dev.braid.config.Faults;
import dev.braid.tensor.DType;
import dev.braid.tensor.Shape;
import dev.braid.tensor.autograd.Columns;
import dev.braid.tensor.autograd.DeltaErase;
import dev.braid.tensor.autograd.Norms;
import dev.braid.tensor.autograd.Operations;
import dev.braid.tensor.autograd.Pointwise;
import dev.braid.tensor.autograd.RecurrenceOperands;
import dev.braid.tensor.autograd.RecurrentOperations;
import dev.braid.tensor.autograd.ShortConvolution;
import dev.braid.tensor.autograd.Tape;
import dev.braid.tensor.autograd.Variable;
import dev.braid.tensor.ops.ElementFunction;
import dev.braid.tensor.ops.GroupNorm.Gating;
import dev.braid.tensor.parameters.Weight;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What mixers with a delta rule share. With q and k of length 1 (q then divided by sqrt(dk)) and alpha the decay, one for each head
 * or for each row of its state:
 *
 * <pre>
 * S_t = Diag(alpha_t) S_{t-1} + beta_t k_t (v_t - k_t^T Diag(alpha_t) S_{t-1})^T,    o_t = S_t^T q_t
 * </pre>
 *
 * <p>Queries, keys and values go through a short convolution and SiLU, {@code beta = sigmoid(.)} is a number for each head, o is
 * normed head by head, gated and projected. A mixer says how states decay and how the output is gated.
 *
 * <p>Products between positions cost {@code 8 heads dk dv} FLOPs a token forward, at any length. A decoder keeps the states,
 * {@code heads dk dv} numbers, and the last {@code conv - 1} of q, k and v before the convolution.
 */
abstract class DeltaRuleMixer extends RecurrentMixer {
    /** Under the root of the length of a query or key, as flash-linear-attention and transformers have it. */
    private static final float LENGTH_EPSILON = 1e-6f;

    private static final int STATE = 0;
    private static final int HALO = 1;

    /**
     * What configs of them share.
     *
     * @param keyHeads heads of queries and keys
     * @param sizes of the heads of values, each with a state; neighbours share a head of queries and keys
     * @param conv tokens of the short convolution; without one SiLU alone
     * @param negativeEigenvalues whether beta reaches from 0 to 2 (Grazzi et al. 2024, arXiv 2411.12537), not from 0 to 1
     * @param normEps epsilon of the norm of each head; without one the model's
     */
    record Settings(
            int keyHeads,
            HeadSizes sizes,
            Optional<Integer> conv,
            boolean negativeEigenvalues,
            Optional<Double> normEps) {
        /** Reports what cannot be; the keys are those that {@link GatedDeltaNetConfig} has. */
        void validate(String path, Faults faults) {
            if (HeadRules.positive(faults, path + ".heads", keyHeads)
                    && (sizes.heads() < 1 || sizes.heads() % keyHeads != 0)) {
                faults.add(
                        path + ".value_heads",
                        "is " + sizes.heads() + ", which is no multiple of heads " + keyHeads,
                        "");
            }
            sizes.validate(path, faults);
            conv.ifPresent(width -> HeadRules.convolution(faults, path + ".conv", width));
            normEps.filter(value -> !(value > 0))
                    .ifPresent(value ->
                            faults.add(path + ".norm_eps", "is " + value + ", must be above 0", "1.0e-5 is usual"));
        }

        /** The projections that all of them have, to which a mixer may add. */
        Projections projections(Construction construction, String prefix) {
            return new Projections(construction, prefix, HeadDivision.of(construction, sizes.heads(), keyHeads))
                    .toGroups("q", sizes.key())
                    .toGroups("k", sizes.key())
                    .toHeads("v", sizes.value())
                    .toHeads("beta", 1);
        }
    }

    /**
     * Projections of the input.
     *
     * @param q [n, keyHeads dk], of length dk^-1/2
     * @param k [n, keyHeads dk], of length 1
     * @param v [n, valueHeads dv]
     * @param beta F32 [n, valueHeads]
     * @param more what the mixer projects beside these
     */
    record Inputs(Variable q, Variable k, Variable v, Variable beta, List<Variable> more) {}

    private final HeadSizes sizes;
    private final int localHeads;
    private final float largestBeta;
    private final Weight input;
    private final Optional<Weight> filter;
    private final OutputNorm norm;
    private final Weight output;

    /**
     * Declares what all of them have.
     *
     * @param projections {@link Settings#projections}, and behind them those of the mixer
     * @param gating where {@link #gate} comes in
     */
    DeltaRuleMixer(Construction construction, Settings settings, Projections projections, Gating gating) {
        sizes = settings.sizes;
        localHeads =
                HeadDivision.of(construction, sizes.heads(), settings.keyHeads).count();
        largestBeta = settings.negativeEigenvalues ? 2 : 1;
        input = projections.pack();
        filter = settings.conv.map(width -> projections.filters(0, 3, width));
        double epsilon = settings.normEps.orElse(construction.model().normEps());
        norm = OutputNorm.of(projections, gating, sizes.value(), epsilon);
        output = projections.output(sizes.value());
    }

    /** The logarithm of alpha, F32 [n, valueHeads] or [n, valueHeads dk]; without one nothing decays. */
    abstract Optional<Variable> logDecay(Tape tape, List<Variable> more);

    /** What the normed output is multiplied by, before its activation [n, valueHeads dv]; nothing without a gating. */
    abstract Optional<Variable> gate(Tape tape, List<Variable> more);

    @Override
    final Variable mix(Tape tape, Variable x, Variable residual, Batch batch, Optional<RecurrentState> state) {
        Inputs in = inputs(tape, x, batch, state);
        Variable o = read(tape, in, logDecay(tape, in.more), batch, state);
        return Operations.rowLinear(tape, norm.of(tape, o, gate(tape, in.more)), output, residual);
    }

    /** Projects the input, and takes queries, keys and values to what the recurrence reads. */
    private Inputs inputs(Tape tape, Variable x, Batch batch, Optional<RecurrentState> state) {
        int[] widths = input.partRows();
        int mixed = widths[0] + widths[1] + widths[2];
        int[] parts = new int[widths.length - 2];
        parts[0] = mixed;
        System.arraycopy(widths, 3, parts, 1, parts.length - 1);
        List<Variable> split = activated(tape, Operations.columnLinear(tape, x, input), parts, batch, state);
        List<Variable> qkv = Columns.split(tape, split.getFirst(), widths[0], widths[1], widths[2]);
        int size = sizes.key();
        Variable beta = Pointwise.apply(tape, split.get(1), ElementFunction.SIGMOID, DType.F32);
        return new Inputs(
                Norms.unitLength(tape, qkv.get(0), size, LENGTH_EPSILON, sizes.scale()),
                Norms.unitLength(tape, qkv.get(1), size, LENGTH_EPSILON),
                qkv.get(2),
                largestBeta == 1 ? beta : Pointwise.scale(tape, beta, largestBeta),
                split.subList(2, split.size()));
    }

    /** The parts of {@code packed}, the first filtered and through SiLU. */
    private List<Variable> activated(
            Tape tape, Variable packed, int[] widths, Batch batch, Optional<RecurrentState> state) {
        if (filter.isEmpty()) {
            List<Variable> parts = new ArrayList<>(Columns.split(tape, packed, widths));
            parts.set(0, Pointwise.apply(tape, parts.getFirst(), ElementFunction.SILU));
            return parts;
        }
        return ShortConvolution.ofPart(
                tape,
                packed,
                widths,
                0,
                filter.get(),
                Optional.empty(),
                true,
                batch.sequences(),
                batch.documents(),
                RecurrentState.at(state, HALO));
    }

    /** What the queries read [n, valueHeads dv]. */
    private Variable read(Tape tape, Inputs in, Optional<Variable> log, Batch batch, Optional<RecurrentState> state) {
        // k (beta v)^T and k (-beta alpha k)^T: what is written and erased goes where k points.
        RecurrenceOperands operands = RecurrenceOperands.of(
                        sizes.key(), sizes.value(), in.q, in.k, Pointwise.scaleHeads(tape, in.v, in.beta))
                .withErase(DeltaErase.of(tape, in.k, in.beta, log, sizes.key()));
        if (log.isPresent()) {
            operands = operands.withDecay(log.get());
        }
        return RecurrentOperations.recurrence(
                tape, operands, batch.sequences(), batch.documents(), RecurrentState.at(state, STATE));
    }

    @Override
    final List<Shape> stateShapes() {
        List<Shape> shapes = new ArrayList<>();
        shapes.add(sizes.state(localHeads));
        filter.ifPresent(weight -> shapes.add(Shape.of(1, weight.columns() - 1L, weight.rows())));
        return shapes;
    }

    @Override
    public final double positionFlopsPerToken(int length) {
        // Beside the write and the query's read, the read of what is erased and its erasure.
        return 2 * sizes.flops();
    }
}
