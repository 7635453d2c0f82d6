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
import dev.braid.tensor.parameters.Unit;
import dev.braid.tensor.parameters.Weight;
import dev.braid.tensor.routing.BalanceLoss;
import dev.braid.tensor.routing.Capacity;
import dev.braid.tensor.routing.Router;
import dev.braid.tensor.routing.RouterStatistics;
import dev.braid.tensor.routing.RouterZLoss;
import dev.braid.tensor.routing.RowGroups;
import dev.braid.tensor.routing.Selection;
import java.util.List;
import java.util.Optional;

/**
 * {@code sum over the chosen experts of w_e down_e(silu(gate_e(x)) * up_e(x))}, plus a shared expert (Shazeer et al. 2017, arXiv
 * 1701.06538; Dai et al. 2024, arXiv 2401.06066). A token's weight is applied before {@code down}, which is linear: so the outputs of
 * single experts need not be kept. No token is dropped unless the config sets a capacity. Training takes {@code 18 dim hidden} FLOPs a token and chosen expert.
 *
 * <p>Ranks of the tensor axis divide the inner width of every expert; each chooses for all tokens by itself, alike. Ranks of the expert
 * axis have different experts and other tokens, and send each other rows.
 */
final class MixtureOfExperts implements FeedForward {
    private final MoeConfig config;
    private final int layer;
    private final Router router;
    private final Optional<BalanceLoss> balance;
    private final Optional<Capacity> capacity;
    private final List<Weight> routerWeights;
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
        this.capacity = config.capacity().map(CapacityConfig::build);
        Parameters parameters = construction.parameters();
        Initialization inner = construction.init().inner();
        int dim = construction.model().dim();
        int experts = config.experts();
        routerWeights = router.matrices().stream()
                .map(name -> parameters.add(
                        new ParameterSpec(prefix + "router." + name, Shape.of(experts, dim), Division.WHOLE, inner)))
                .toList();
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
                config.capacity().isPresent()));
        shared = config.shared()
                .map(expert -> new Shared(
                        new GatedFeedForward(
                                expert.hidden(), Operations::swiGlu, 1, 1, construction, prefix + "shared."),
                        expert.gated()
                                ? Optional.of(parameters.add(new ParameterSpec(
                                        prefix + "shared_gate.weight", Shape.of(1, dim), Division.WHOLE, inner)))
                                : Optional.empty()));
        Unit unit = construction.beginExperts();
        double activity = router.meanExperts(experts) / experts;
        Shape stack = Shape.of(experts, dim, config.hidden());
        gate = parameters.add(
                unit,
                new ParameterSpec(prefix + "experts.gate.weight", stack, Division.EXPERTS, inner, activity, true));
        up = parameters.add(
                unit, new ParameterSpec(prefix + "experts.up.weight", stack, Division.EXPERTS, inner, activity, true));
        down = parameters.add(
                unit,
                new ParameterSpec(
                        prefix + "experts.down.weight",
                        stack,
                        Division.EXPERTS,
                        construction.init().intoResidual(),
                        activity,
                        true));
    }

    @Override
    public Variable forward(Tape tape, Variable x, Variable residual, Batch batch) {
        Variable all = GatherRows.of(tape, x);
        Decision decision = decide(tape, all, batch);
        ExpertDispatch dispatch = decision.dispatch;
        // The shared expert works while rows are on their way to other ranks.
        ExpertDispatch.Arrival rows = dispatch.send(all);
        ExpertDispatch.Arrival factors = dispatch.weights(decision.weights);
        Variable base =
                shared.map(part -> shared(tape, part, x, residual, batch)).orElse(residual);
        Variable made = experts(tape, dispatch.groups(), rows.await(), factors.await());
        return tape.axis().ranks() == 1
                ? dispatch.combine(made, base)
                : ScatterRows.of(tape, dispatch.combine(made, Variable.zerosLike(all)), base);
    }

    /** Where the rows go, and the tokens' weights [n, K] there. */
    private record Decision(ExpertDispatch dispatch, Variable weights) {}

    /** Has the router choose. Ranks tell each other of it, which may fail when one is lost: then nothing must stay either. */
    private Decision decide(Tape tape, Variable all, Batch batch) {
        List<Variable> logits = routerWeights.stream()
                .map(weight -> Routing.logits(tape, all, weight))
                .toList();
        Selection selection = room(tape.compute(), all.rows());
        try {
            Router.Inputs inputs = inputs(logits, batch);
            choose(tape.compute(), inputs, selection, batch.routing());
            Kept kept = limit(tape.compute(), selection);
            ExpertDispatch dispatch;
            try {
                dispatch = ExpertDispatch.of(tape, kept.experts(), config.experts(), expected(all.rows()));
            } finally {
                kept.experts().release();
            }
            Routing.Auxiliary auxiliary = observe(tape, inputs, selection, kept.dropped(), batch);
            Variable weights = Routing.weights(tape, logits, router, inputs.withoutBias(), selection, auxiliary);
            auxiliary.probabilities().release();
            auxiliary.load().ifPresent(Tensor::release);
            return new Decision(dispatch, weights);
        } finally {
            selection.experts().release();
            selection.weights().release();
            selection.probabilities().release();
        }
    }

    /** @param factors F32 [rows, 1] */
    private Variable experts(Tape tape, RowGroups groups, Variable rows, Variable factors) {
        Variable hidden = Operations.swiGlu(tape, GroupedLinear.widen(tape, rows, groups, gate, up));
        return GroupedLinear.narrow(tape, Pointwise.scaleHeads(tape, hidden, factors), groups, down);
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
        double mean = router.meanExperts(config.experts());
        long chosen = Math.round(tokens * mean);
        return (int) capacity.map(limit -> (long) limit.room(tokens, mean, config.experts()) * config.experts())
                .map(most -> Math.min(chosen, most))
                .orElse(chosen)
                .longValue();
    }

    /** The experts that are dispatched to, with a reference, and how many slots were emptied for it. */
    private record Kept(Tensor experts, long dropped) {}

    private Kept limit(Compute compute, Selection selection) {
        if (capacity.isEmpty()) {
            return new Kept(selection.experts().retain(), 0);
        }
        int tokens = Math.toIntExact(selection.experts().shape().rows());
        int room = capacity.get().room(tokens, router.meanExperts(config.experts()), config.experts());
        Tensor kept = compute.memory()
                .allocate(Category.ACTIVATIONS, DType.I32, selection.experts().shape());
        return new Kept(kept, capacity.get().limit(compute, selection, room, kept));
    }

    private Selection room(Compute compute, int tokens) {
        Shape slots = Shape.of(tokens, router.slots(config.experts()));
        return new Selection(
                compute.memory().allocate(Category.ACTIVATIONS, DType.I32, slots),
                compute.memory().allocate(Category.ACTIVATIONS, DType.F32, slots),
                compute.memory().allocate(Category.ACTIVATIONS, DType.F32, Shape.of(tokens, config.experts())));
    }

    private Router.Inputs inputs(List<Variable> logits, Batch batch) {
        return new Router.Inputs(
                logits.stream().map(Variable::value).toList(),
                config.experts(),
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

    /** Writes down what was chosen; returns the gradients that the router's own losses give it. */
    private Routing.Auxiliary observe(Tape tape, Router.Inputs inputs, Selection selection, long dropped, Batch batch) {
        Compute compute = tape.compute();
        int runs = balance.filter(BalanceLoss::bySequence).isPresent() ? batch.sequences() : 1;
        if (compute.workers().rehearsing() || inputs.count() == 0) {
            return new Routing.Auxiliary(perRun(compute, new double[runs][config.experts()], 0), Optional.empty(), 0);
        }
        RouterStatistics statistics = new RouterStatistics(selection, runs);
        if (!Double.isFinite(statistics.entropySum())) {
            batch.routing()
                    .fault(new RoutingException("the router of layer " + layer
                            + " has logits that are not numbers (NaN or infinite): what comes into the layer, or its"
                            + " router's weights, has gone out of range; lower optimizer.lr, clip gradients, or resume"
                            + " from an earlier checkpoint"));
        }
        BalanceLoss.Term term = term(compute, inputs, selection, statistics, batch);
        batch.routing()
                .record(
                        layer,
                        selection.experts(),
                        new LayerLoad(
                                statistics.allCounts(),
                                dropped,
                                inputs.count(),
                                statistics.allProbabilities(),
                                statistics.entropySum(),
                                term.value(),
                                zLoss(inputs)));
        double factor = config.balance().coefficient()
                * batch.routing().share()
                / tape.axis().ranks();
        return new Routing.Auxiliary(
                perRun(compute, term.gradient(), factor),
                term.smoothGradient().map(gradient -> perRun(compute, gradient, factor)),
                zFactor(tape, batch));
    }

    private BalanceLoss.Term term(
            Compute compute, Router.Inputs inputs, Selection selection, RouterStatistics statistics, Batch batch) {
        double[][] counts = statistics.counts();
        int runs = counts.length;
        if (balance.isEmpty()) {
            return new BalanceLoss.Term(0, new double[runs][config.experts()], Optional.empty());
        }
        BalanceLoss loss = balance.get();
        if (loss.global()) {
            counts = new double[][] {batch.routing().global(layer, counts[0])};
        }
        return loss.of(new BalanceLoss.Load(
                inputs.count() / runs,
                Math.toIntExact(selection.experts().shape().columns()),
                statistics.probabilitySums(),
                counts,
                loss.smooth() ? router.smoothLoad(compute, inputs, runs) : Optional.empty()));
    }

    private static double zLoss(Router.Inputs inputs) {
        return inputs.logits().isEmpty() ? 0 : RouterZLoss.sum(inputs.logits().getFirst()) / inputs.count();
    }

    /** F32 [runs, E] that the caller gives back. */
    private static Tensor perRun(Compute compute, double[][] values, double factor) {
        int experts = values[0].length;
        Tensor tensor = compute.memory().zeros(Category.ACTIVATIONS, DType.F32, Shape.of(values.length, experts));
        for (int run = 0; run < values.length && factor != 0; run++) {
            for (int e = 0; e < experts; e++) {
                tensor.set((long) run * experts + e, (float) (factor * values[run][e]));
            }
        }
        return tensor;
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
