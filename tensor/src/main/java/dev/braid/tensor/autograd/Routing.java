package dev.braid.tensor.autograd;

import dev.braid.tensor.Category;
import dev.braid.tensor.Compute;
import dev.braid.tensor.DType;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.matmul.MatmulSpec;
import dev.braid.tensor.ops.Elementwise;
import dev.braid.tensor.parameters.Weight;
import dev.braid.tensor.routing.Router;
import dev.braid.tensor.routing.RouterZLoss;
import dev.braid.tensor.routing.Selection;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The choice of experts as operations of a tape. */
public final class Routing {
    private Routing() {}

    /** {@code x W^T} in f32, whatever the dtype of x [n, D] and of the weight [E, D]: F32 [n, E]. */
    public static Variable logits(Tape tape, Variable x, Weight weight) {
        Compute compute = tape.compute();
        int n = x.rows();
        int experts = weight.rows();
        int columns = weight.columns();
        Tensor out = tape.output(DType.F32, Shape.of(n, experts));
        try (Wide values = Wide.of(compute, x.value());
                Wide matrix = Wide.of(compute, weight.compute())) {
            Products.multiply(
                    compute, "router.forward", n, experts, columns, false, true, values.f32, matrix.f32, out, false);
        }
        return tape.record(
                out,
                x.tokenRows(),
                List.of(x.value()),
                gradient -> {
                    if (x.differentiable()) {
                        Tensor wide = tape.temporary(DType.F32, x.value().shape());
                        try (Wide matrix = Wide.of(compute, weight.compute())) {
                            Products.multiply(
                                    compute,
                                    "router.input_gradient",
                                    n,
                                    columns,
                                    experts,
                                    false,
                                    false,
                                    gradient,
                                    matrix.f32,
                                    wide,
                                    false);
                        }
                        tape.addGradient(x, narrow(tape, wide, x.value().dtype()));
                    }
                },
                gradient -> {
                    try (Wide values = Wide.of(compute, x.value())) {
                        MatmulSpec spec =
                                MatmulSpec.dense(experts, columns, n, true, false, DType.F32, DType.F32, true);
                        compute.profile()
                                .time(
                                        "router.weight_gradient",
                                        spec.flops(),
                                        () -> compute.matmul().multiply(spec, gradient, values.f32, weight.gradient()));
                    }
                });
    }

    private static Tensor narrow(Tape tape, Tensor wide, DType dtype) {
        if (dtype == DType.F32) {
            return wide;
        }
        Tensor narrow = tape.temporary(dtype, wide.shape());
        Elementwise.convert(tape.compute(), wide, narrow);
        wide.release();
        return narrow;
    }

    /** A tensor in F32: itself, or a copy until it is closed. */
    private record Wide(Tensor f32) implements AutoCloseable {
        static Wide of(Compute compute, Tensor values) {
            if (values.dtype() == DType.F32) {
                return new Wide(values.retain());
            }
            Tensor copy = compute.memory().allocate(Category.WORKSPACE, DType.F32, values.shape());
            Elementwise.convert(compute, values, copy);
            return new Wide(copy);
        }

        @Override
        public void close() {
            f32.release();
        }
    }

    /**
     * What losses of a router ask of its gradient.
     *
     * @param probabilities F32 [s, E]: gradient of the probabilities of all tokens in one of s runs of as many tokens
     * @param load F32 [s, E], alike, of the smooth load: see {@link Router#smoothLoad}
     * @param z gradient of {@code sum over tokens of logsumexp(logits)^2} of the first logits
     */
    public record Auxiliary(Tensor probabilities, Optional<Tensor> load, float z) {}

    /**
     * The weights of what a router has chosen as a variable, through which gradients go back to the logits: those of the weights and
     * those of the router's own losses.
     *
     * @param logits [n, E] each, those of {@code inputs}; a constant comes of none
     * @param selection as the router has set it, of tensors that the caller gives back
     * @param auxiliary its tensors too are the caller's
     * @return F32 [n, K]
     */
    public static Variable weights(
            Tape tape,
            List<Variable> logits,
            Router router,
            Router.Inputs inputs,
            Selection selection,
            Auxiliary auxiliary) {
        tape.own(selection.weights().retain());
        if (logits.isEmpty()) {
            return tape.constant(selection.weights());
        }
        List<Tensor> saved = new ArrayList<>(inputs.logits());
        saved.addAll(List.of(
                inputs.tokens(),
                inputs.sequences().documents(),
                selection.experts(),
                selection.weights(),
                selection.probabilities(),
                auxiliary.probabilities()));
        auxiliary.load().ifPresent(saved::add);
        return tape.record(
                selection.weights(),
                saved,
                gradient -> {
                    if (logits.stream().anyMatch(Variable::differentiable)) {
                        pass(tape, logits, router, inputs, selection, auxiliary, gradient);
                    }
                },
                null);
    }

    private static void pass(
            Tape tape,
            List<Variable> logits,
            Router router,
            Router.Inputs inputs,
            Selection selection,
            Auxiliary auxiliary,
            Tensor gradient) {
        Compute compute = tape.compute();
        List<Tensor> passed = logits.stream()
                .map(each -> tape.temporary(DType.F32, each.value().shape()))
                .toList();
        Router.Gradients gradients = new Router.Gradients(gradient, auxiliary.probabilities(), auxiliary.load());
        router.gradient(compute, inputs, selection, gradients, passed);
        if (auxiliary.z() != 0) {
            RouterZLoss.addGradient(compute, inputs.logits().getFirst(), auxiliary.z(), passed.getFirst());
        }
        for (int i = 0; i < passed.size(); i++) {
            tape.addGradient(logits.get(i), passed.get(i));
        }
    }
}
