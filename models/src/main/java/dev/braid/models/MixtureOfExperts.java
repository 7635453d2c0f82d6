package dev.braid.models;

import dev.braid.tensor.Category;
import dev.braid.tensor.Compute;
import dev.braid.tensor.DType;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.autograd.ExpertDispatch;
import dev.braid.tensor.autograd.GatherRows;
import dev.braid.tensor.autograd.GroupedLinear;
import dev.braid.tensor.autograd.Operations;
import dev.braid.tensor.autograd.Pointwise;
import dev.braid.tensor.autograd.Routing;
import dev.braid.tensor.autograd.ScatterRows;
import dev.braid.tensor.autograd.Tape;
import dev.braid.tensor.autograd.Variable;
import dev.braid.tensor.ops.ElementFunction;
import dev.braid.tensor.ops.Sequences;
import dev.braid.tensor.parameters.Division;
import dev.braid.tensor.parameters.Parameter.Initialization;
import dev.braid.tensor.parameters.ParameterSpec;
import dev.braid.tensor.parameters.Parameters;
import dev.braid.tensor.parameters.Weight;
import dev.braid.tensor.routing.BalanceLoss;
import dev.braid.tensor.routing.Router;
import dev.braid.tensor.routing.RouterZLoss;
import dev.braid.tensor.routing.RowGroups;
import dev.braid.tensor.routing.Selection;
import java.util.Arrays;
import java.util.Optional;

/**
 * {@code sum over the chosen experts of w_e down_e(silu(gate_e(x)) * up_e(x))}, plus a shared expert (Shazeer et al. 2017, arXiv
 * 1701.06538; Dai et al. 2024, arXiv 2401.06066). A token's weight is applied before {@code down}, which is linear: so the outputs of
 * single experts need not be kept. No token is dropped. Training takes {@code 18 dim hidden} FLOPs a token and chosen expert.
 *
 * <p>Ranks of the tensor axis divide the inner width of every expert; each chooses for all tokens by itself, alike.
 */
final class MixtureOfExperts implements FeedForward {
    private final MoeConfig config;
    private final int layer;
    private final Router router;
    private final Optional<BalanceLoss> balance;
    private final Weight routerWeight;
    private final Optional<Weight> bias;
    private final Weight gate;
    private final Weight up;
    private final Weight down;
    private final Optional<Shared> shared;

    /** The shared expert. */
    private record Shared(GatedFeedForward expert, Optional<Weight> gate) {}

    MixtureOfExperts(MoeConfig config, Construction construction, String prefix) {
        this.config = config;
        this.layer = construction.layer();
        this.router = config.router().build(config);
        this.balance = config.balance().loss().loss();
        Parameters parameters = construction.parameters();
        Initialization inner = construction.init().inner();
        int dim = construction.model().dim();
        int experts = config.experts();
        routerWeight = parameters.add(
                new ParameterSpec(prefix + "router.weight", Shape.of(experts, dim), Division.WHOLE, inner));
        bias = config.balance().hasBias()
                ? Optional.of(parameters.add(new ParameterSpec(
                        prefix + "router.bias",
                        Shape.of(experts),
                        Division.WHOLE,
                        new Initialization.Constant(0),
                        0,
                        false)))
                : Optional.empty();
        construction.route(new RoutedLayer(
                layer,
                experts,
                bias.map(weight -> prefix + "router.bias"),
                config.balance().biasRate(),
                false));
        double activity = router.meanExperts(experts) / experts;
        Shape stack = Shape.of(experts, dim, config.hidden());
        gate = parameters.add(
                new ParameterSpec(prefix + "experts.gate.weight", stack, Division.COLUMNS, inner, activity, true));
        up = parameters.add(
                new ParameterSpec(prefix + "experts.up.weight", stack, Division.COLUMNS, inner, activity, true));
        down = parameters.add(new ParameterSpec(
                prefix + "experts.down.weight",
                stack,
                Division.COLUMNS,
                construction.init().intoResidual(),
                activity,
                true));
        shared = config.shared()
                .map(expert -> new Shared(
                        new GatedFeedForward(
                                expert.hidden(), Operations::swiGlu, 1, 1, construction, prefix + "shared."),
                        expert.gated()
                                ? Optional.of(parameters.add(new ParameterSpec(
                                        prefix + "shared_gate.weight", Shape.of(1, dim), Division.WHOLE, inner)))
                                : Optional.empty()));
    }

    @Override
    public Variable forward(Tape tape, Variable x, Variable residual, Batch batch) {
        Variable base =
                shared.map(part -> shared(tape, part, x, residual, batch)).orElse(residual);
        Variable all = GatherRows.of(tape, x);
        Variable logits = Routing.logits(tape, all, routerWeight);
        Selection selection = room(tape.compute(), logits.rows());
        Router.Inputs inputs = inputs(logits.value(), batch);
        choose(tape.compute(), inputs, selection, batch.routing());
        ExpertDispatch dispatch =
                ExpertDispatch.of(tape, selection.experts(), config.experts(), expected(logits.rows()));
        Tensor probabilityGradient = observe(tape, inputs, selection, dispatch.groups(), batch);
        Variable weights = Routing.weights(
                tape,
                logits,
                router,
                inputs.withoutBias(),
                selection,
                new Routing.Auxiliary(probabilityGradient, zFactor(tape, batch)));
        release(selection, probabilityGradient);
        return experts(tape, dispatch, all, weights, base);
    }

    private Variable experts(Tape tape, ExpertDispatch dispatch, Variable all, Variable weights, Variable base) {
        RowGroups groups = dispatch.groups();
        Variable rows = dispatch.dispatch(all);
        Variable hidden = Operations.swiGlu(tape, GroupedLinear.widen(tape, rows, groups, gate, up));
        Variable weighted = Pointwise.scaleHeads(tape, hidden, dispatch.weights(weights));
        Variable made = GroupedLinear.narrow(tape, weighted, groups, down);
        return tape.axis().ranks() == 1
                ? dispatch.combine(made, base)
                : ScatterRows.of(tape, dispatch.combine(made, Variable.zerosLike(all)), base);
    }

    private static Variable shared(Tape tape, Shared part, Variable x, Variable residual, Batch batch) {
        if (part.gate.isEmpty()) {
            return part.expert.forward(tape, x, residual, batch);
        }
        Variable made = part.expert.forward(tape, x, Variable.zerosLike(x), batch);
        Variable factor = Pointwise.apply(tape, Routing.logits(tape, x, part.gate.get()), ElementFunction.SIGMOID);
        return Pointwise.add(tape, Pointwise.scaleHeads(tape, made, factor), residual);
    }

    private int expected(int tokens) {
        return (int) Math.round(tokens * router.meanExperts(config.experts()));
    }

    private Selection room(Compute compute, int tokens) {
        Shape slots = Shape.of(tokens, router.slots(config.experts()));
        return new Selection(
                compute.memory().allocate(Category.ACTIVATIONS, DType.I32, slots),
                compute.memory().allocate(Category.ACTIVATIONS, DType.F32, slots),
                compute.memory().allocate(Category.ACTIVATIONS, DType.F32, Shape.of(tokens, config.experts())));
    }

    private static void release(Selection selection, Tensor probabilityGradient) {
        selection.experts().release();
        selection.weights().release();
        selection.probabilities().release();
        probabilityGradient.release();
    }

    private Router.Inputs inputs(Tensor logits, Batch batch) {
        return new Router.Inputs(
                logits,
                bias.map(Weight::compute),
                batch.tokens(),
                Sequences.of(batch.sequences(), batch.documents()),
                batch.routing().seed(layer),
                batch.routing().training());
    }

    private void choose(Compute compute, Router.Inputs inputs, Selection selection, MicrobatchRouting routing) {
        compute.profile().time("router.choose", 0, () -> {
            router.choose(compute, inputs, selection);
            routing.replayed(layer).ifPresent(selection.experts()::setInts);
            router.weigh(compute, inputs, selection);
        });
    }

    /** Writes down what was chosen; returns the gradient that the balance loss gives the probabilities, F32 [runs, E]. */
    private Tensor observe(Tape tape, Router.Inputs inputs, Selection selection, RowGroups groups, Batch batch) {
        Compute compute = tape.compute();
        int experts = config.experts();
        int runs = balance.filter(BalanceLoss::bySequence).isPresent() ? batch.sequences() : 1;
        Tensor gradient = compute.memory().zeros(Category.ACTIVATIONS, DType.F32, Shape.of(runs, experts));
        if (compute.workers().rehearsing() || inputs.count() == 0) {
            return gradient;
        }
        RouterStatistics statistics = new RouterStatistics(selection, runs);
        if (!Double.isFinite(statistics.entropySum())) {
            throw new RoutingException(
                    "the router of layer " + layer
                            + " has logits that are not numbers (NaN or infinite): what comes into the layer, or its router's"
                            + " weights, has gone out of range; lower optimizer.lr, clip gradients, or resume from an earlier checkpoint");
        }
        double[][] counts = statistics.counts();
        double factor = config.balance().coefficient()
                * batch.routing().share()
                / tape.axis().ranks();
        double value = 0;
        if (balance.isPresent()) {
            BalanceLoss loss = balance.get();
            if (loss.global()) {
                counts = new double[][] {batch.routing().global(layer, counts[0])};
            }
            BalanceLoss.Term term = loss.of(new BalanceLoss.Load(
                    inputs.count() / runs,
                    Math.toIntExact(selection.experts().shape().columns()),
                    statistics.probabilitySums(),
                    counts));
            value = term.value();
            for (int run = 0; run < runs; run++) {
                for (int e = 0; e < experts; e++) {
                    gradient.set((long) run * experts + e, (float) (factor * term.gradient()[run][e]));
                }
            }
        }
        double z = RouterZLoss.sum(inputs.logits()) / inputs.count();
        batch.routing()
                .record(
                        layer,
                        selection.experts(),
                        new LayerLoad(
                                Arrays.stream(groups.counts()).asLongStream().toArray(),
                                0,
                                inputs.count(),
                                statistics.allProbabilities(),
                                statistics.entropySum(),
                                value,
                                z));
        return gradient;
    }

    /** Factor of the gradient of the sum of squared log-sums. */
    private float zFactor(Tape tape, Batch batch) {
        double tokens = (double) batch.sequences() * batch.length();
        return (float) (config.balance().zLoss()
                * batch.routing().share()
                / tokens
                / tape.axis().ranks());
    }
}
