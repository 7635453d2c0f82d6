package dev.braid.tensor.autograd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.braid.tensor.Category;
import dev.braid.tensor.Compute;
import dev.braid.tensor.DType;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.kernels.KernelProviders;
import dev.braid.tensor.parameters.Division;
import dev.braid.tensor.parameters.Parameter.Initialization;
import dev.braid.tensor.parameters.ParameterSpec;
import dev.braid.tensor.parameters.Parameters;
import dev.braid.tensor.parameters.Unit;
import dev.braid.tensor.parameters.Weight;
import dev.braid.tensor.parameters.WholeStore;
import dev.braid.tensor.trace.Flight;
import dev.braid.tensor.trace.Recorder;
import dev.braid.tensor.trace.Span;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a tape holds, and when it gives it back. All values are one row of two. */
class TapeTest {
    private static final long BLOCK = 64;

    private final Compute compute = new Compute(1, "vector", "test", KernelProviders.chosen());
    private final Parameters parameters = new Parameters(DType.F32, 1, 0);
    private final Unit unit = parameters.unit("unit");
    private final Weight weight =
            parameters.add(new ParameterSpec("weight", Shape.of(2, 2), Division.WHOLE, new Initialization.Constant(0)));

    TapeTest() {
        new WholeStore(compute, parameters);
        weight.compute().setFloats(new float[] {1, 2, 3, 4});
    }

    @AfterEach
    void close() {
        compute.close();
    }

    private Tensor row(float first, float second) {
        Tensor tensor = compute.memory().allocate(Category.ACTIVATIONS, DType.F32, Shape.of(1, 2));
        tensor.setFloats(new float[] {first, second});
        return tensor;
    }

    private Variable leaf(Tape tape, float first, float second) {
        Tensor tensor = row(first, second);
        Variable leaf = tape.leaf(tensor, true);
        tensor.release();
        return leaf;
    }

    private long live() {
        return compute.memory().live(Category.ACTIVATIONS);
    }

    private static float[] taken(Variable leaf) {
        Tensor gradient = leaf.passedGradient().orElseThrow();
        float[] values = gradient.toFloats();
        gradient.release();
        return values;
    }

    /** Of {@code y = W x} and {@code z = W x + r}: dx is {@code W^T (dy + dz)} and dr is dz. */
    @Test
    void shouldStartBackwardFromSeveralValues() {
        try (Tape tape = Tape.training(compute, DType.F32)) {
            Variable x = leaf(tape, 1, 1);
            Variable residual = leaf(tape, 5, 6);
            Variable y = Operations.columnLinear(tape, x, weight);
            Variable z = Operations.rowLinear(tape, x, weight, residual);
            tape.addGradient(y, row(1, 0));
            tape.addGradient(z, row(0, 1));
            tape.backward();
            // W^T (1, 1) is the sum of the rows of W.
            assertThat(taken(x)).containsExactly(4, 6);
            assertThat(taken(residual)).containsExactly(0, 1);
            assertThat(weight.gradient().toFloats()).containsExactly(1, 1, 1, 1);
        }
        assertThat(live()).isZero();
    }

    /** The same with y and z from a piece that runs again: y alone, z alone, both, or, without either, no gradient at all. */
    @ParameterizedTest
    @ValueSource(strings = {"y", "z", "yz", ""})
    void shouldRunSeveralValuesAgainForThoseWithAGradient(String used) {
        try (Tape tape = Tape.training(compute, DType.F32)) {
            Variable x = leaf(tape, 1, 1);
            Variable residual = leaf(tape, 5, 6);
            List<Variable> results = tape.checkpoint(
                    List.of(x, residual),
                    (inner, inputs) -> List.of(
                            Operations.columnLinear(inner, inputs.getFirst(), weight),
                            Operations.rowLinear(inner, inputs.getFirst(), weight, inputs.getLast())));
            assertThat(results.getFirst().value().toFloats()).containsExactly(3, 7);
            assertThat(results.getLast().value().toFloats()).containsExactly(8, 13);
            tape.endForward();
            if (used.contains("y")) {
                tape.addGradient(results.getFirst(), row(1, 0));
            }
            if (used.contains("z")) {
                tape.addGradient(results.getLast(), row(0, 1));
            }
            tape.backward();
            // W^T (1, 0) is (1, 2), W^T (0, 1) is (3, 4).
            switch (used) {
                case "y" -> assertThat(taken(x)).containsExactly(1, 2);
                case "z" -> assertThat(taken(x)).containsExactly(3, 4);
                case "yz" -> assertThat(taken(x)).containsExactly(4, 6);
                default -> assertThat(x.passedGradient()).isEmpty();
            }
            if (used.contains("z")) {
                assertThat(taken(residual)).containsExactly(0, 1);
            } else {
                assertThat(residual.passedGradient()).isEmpty();
            }
        }
        assertThat(live()).isZero();
    }

    @Test
    void shouldGiveBackTheInputsOfAPieceThatNeverRunsAgain() {
        try (Tape tape = Tape.training(compute, DType.F32)) {
            Variable x = leaf(tape, 1, 1);
            List<Variable> results = tape.checkpoint(
                    List.of(x), (inner, inputs) -> List.of(Operations.columnLinear(inner, inputs.getFirst(), weight)));
            tape.endForward();
            // The input is kept to run again; of the result nobody reads anything.
            assertThat(live()).isEqualTo(BLOCK);
            tape.addGradient(results.getFirst(), row(1, 0));
        }
        assertThat(live()).isZero();
    }

    /** A value that is passed on unchanged has the gradients of all its uses. */
    @Test
    void shouldAddGradientsOfALeafThatIsPassedOn() {
        try (Tape tape = Tape.training(compute, DType.F32)) {
            Variable x = leaf(tape, 1, 1);
            Variable y = Operations.columnLinear(tape, x, weight);
            tape.addGradient(x, row(10, 20));
            tape.addGradient(y, row(1, 0));
            tape.backward();
            assertThat(taken(x)).containsExactly(11, 22);
        }
    }

    /** The product keeps its input; what it has made is only the caller's. */
    @Test
    void shouldKeepAfterForwardWhatBackwardReads() {
        try (Tape tape = Tape.training(compute, DType.F32)) {
            Variable x = leaf(tape, 1, 1);
            Variable y = Operations.columnLinear(tape, x, weight);
            Tensor made = y.value().retain();
            assertThat(live()).isEqualTo(2 * BLOCK);
            tape.endForward();
            assertThat(made.exclusive()).isTrue();
            made.release();
            assertThat(live()).isEqualTo(BLOCK);
            tape.backward(y, row(1, 0));
            assertThat(taken(x)).containsExactly(1, 2);
            assertThat(live()).isZero();
        }
    }

    @Test
    void shouldNotEndForwardInsideAScope() {
        try (Tape tape = Tape.training(compute, DType.F32)) {
            assertThatThrownBy(() -> tape.scope(() -> {
                        tape.endForward();
                        return leaf(tape, 1, 1);
                    }))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage("forward cannot end inside a scope");
        }
    }

    @Test
    void shouldGiveBackHalvesThatAreDropped() {
        WeightQueue queue = new WeightQueue();
        try (Tape tape = Tape.training(compute, DType.F32, queue)) {
            Variable x = leaf(tape, 1, 1);
            Variable y = Operations.columnLinear(tape, x, weight);
            tape.backward(y, row(1, 0));
            taken(x);
        }
        // The product's input and the gradient of its output.
        assertThat(live()).isEqualTo(2 * BLOCK);
        queue.drop();
        assertThat(live()).isZero();
        assertThat(queue.size()).isZero();
        assertThat(weight.gradient().toFloats()).containsOnly(0);
    }

    /** The unit is held open by a use of its own. When that ends, nothing of the passes that came to nothing may be missing. */
    @Test
    void shouldEndTheUsesOfAPassWithoutBackward() {
        CompleteUnits store = new CompleteUnits();
        unit.setStore(store);
        unit.beginUse();
        WeightQueue queue = new WeightQueue();
        for (Tape.Use use : Tape.Use.values()) {
            Tape tape = Tape.training(compute, DType.F32, queue);
            tape.enter(unit, use);
            tape.leave(unit, use);
            tape.close();
            assertThat(store.needed).as("values after %s", use).isZero();
        }
        try (Tape tape = Tape.training(compute, DType.F32, queue)) {
            tape.enter(unit, Tape.Use.FORWARD);
            tape.leave(unit, Tape.Use.FORWARD);
            tape.backward();
        }
        queue.drop();
        assertThat(store.complete).isZero();
        unit.endUse();
        assertThat(store.complete).isEqualTo(1);
    }

    /** Of two products the later one's weight gradient fails, in backward or in the queue. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void shouldGiveBackWhatAFailedOperationRead(boolean queued) {
        WeightQueue queue = new WeightQueue();
        Tape tape = Tape.training(compute, DType.F32, queued ? queue : null);
        Variable x = leaf(tape, 1, 1);
        Variable hidden = Operations.columnLinear(tape, x, weight);
        tape.addGradient(Operations.columnLinear(tape, hidden, weight), row(1, 0));
        compute.profile().record(new FullMemory("linear.weight_gradient"));
        assertThatThrownBy(() -> {
                    tape.backward();
                    queue.run();
                })
                .hasMessage("no memory");
        x.passedGradient().ifPresent(Tensor::release);
        tape.close();
        queue.drop();
        assertThat(live()).isZero();
    }

    /** Fails an operation at its end. */
    private record FullMemory(String operation) implements Recorder {
        @Override
        public void span(Span.Kind kind, String name, long startNanos, long endNanos) {
            if (name.equals(operation)) {
                throw new IllegalStateException("no memory");
            }
        }

        @Override
        public void flight(Flight flight) {}
    }
}
