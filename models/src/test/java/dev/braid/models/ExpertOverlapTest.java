package dev.braid.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.InstanceOfAssertFactories.LIST;

import dev.braid.config.ConfigReader;
import dev.braid.tensor.Category;
import dev.braid.tensor.Compute;
import dev.braid.tensor.DType;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.autograd.Tape;
import dev.braid.tensor.autograd.Variable;
import dev.braid.tensor.parameters.ExpertAxis;
import dev.braid.tensor.parameters.ExpertHosts;
import dev.braid.tensor.parameters.Place;
import dev.braid.tensor.parameters.TensorAxis;
import dev.braid.tensor.parameters.Unit;
import dev.braid.tensor.parameters.WholeStore;
import dev.braid.tensor.trace.Flight;
import dev.braid.tensor.trace.Recorder;
import dev.braid.tensor.trace.Span;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What a rehearsed layer does between the start of an exchange of rows and the wait for it, in order and without a clock. */
class ExpertOverlapTest {
    private static final int DIM = 64;

    private static final String SHARED = ", shared: {hidden: 32}";

    private static ModelConfig model(String shared) {
        return ConfigReader.of(ModelConfig.class).parse("model.yaml", """
                dim: %d
                layers: 1
                context: 64
                mixers: {attn: {type: attention, heads: 4}}
                ffns: {moe: {type: moe, experts: 8, top_k: 2, hidden: 96%s}}
                pattern: [attn+moe]
                """.formatted(DIM, shared), List.of());
    }

    /** The first of the ranks; writes down when rows leave, and when somebody waits for them. */
    private record NotedAxis(ExpertHosts hosts, List<String> events) implements ExpertAxis {
        @Override
        public int ranks() {
            return hosts.ranks();
        }

        @Override
        public int rank() {
            return 0;
        }

        @Override
        public TensorAxis.Transfer exchange(Tensor sent, long[] sentCounts, Tensor received, long[] receivedCounts) {
            if (received.shape().columns() != DIM) {
                return TensorAxis.Transfer.DONE;
            }
            events.add("leave");
            return () -> events.add("wait");
        }
    }

    private record Notes(List<String> events) implements Recorder {
        @Override
        public void span(Span.Kind kind, String name, long startNanos, long endNanos) {
            events.add(name);
        }

        @Override
        public void flight(Flight flight) {}
    }

    /** Forward, then backward. */
    private static List<List<String>> passes(String shared, ExpertHosts hosts) {
        List<String> events = new ArrayList<>();
        ExpertAxis axis = new NotedAxis(hosts, events);
        List<List<String>> passes = new ArrayList<>();
        try (Compute compute = Compute.rehearsal(1, (category, bytes) -> {})) {
            compute.profile().record(new Notes(events));
            Architecture architecture =
                    new Architecture(model(shared), 1, DType.F32, Place.of(TensorAxis.SINGLE, axis), 1);
            List<Unit> units = architecture.blocks().getFirst().units();
            WholeStore store = new WholeStore(compute, architecture.parameters().held(units));
            units.forEach(unit -> unit.setStore(store));
            try (Batch batch = Batch.allocate(compute.memory(), 1, 64)
                            .routed(new MicrobatchRouting(1, 0, true, (layer, counts) -> counts, Map.of(), false));
                    Tape tape = Tape.training(compute, DType.F32, null, TensorAxis.SINGLE, axis)) {
                Variable x = tape.dividedLeaf(rows(compute), 64, true);
                Variable out = architecture.run(tape, 0, x, batch, false);
                passes.add(List.copyOf(events));
                events.clear();
                tape.backward(out, rows(compute));
                passes.add(List.copyOf(events));
            }
        }
        return passes;
    }

    private static Tensor rows(Compute compute) {
        return compute.memory().allocate(Category.ACTIVATIONS, DType.F32, Shape.of(64, DIM));
    }

    /** What runs while rows are on their way, exchange by exchange; smaller exchanges, such as of weights, left out. */
    private static List<List<String>> hidden(List<String> events) {
        List<List<String>> hidden = new ArrayList<>();
        int left = 0;
        for (int i = 0; i < events.size(); i++) {
            if (events.get(i).equals("leave")) {
                left = i;
            } else if (events.get(i).equals("wait")) {
                hidden.add(events.subList(left + 1, i).stream()
                        .filter(name -> !name.equals("experts.exchange"))
                        .toList());
            }
        }
        return hidden;
    }

    /** There and back; on the way there the shared expert's three products, of which two are one. */
    @Test
    void shouldRunTheSharedExpertWhileRowsAreOnTheirWay() {
        List<List<String>> passes = passes(SHARED, ExpertHosts.one(4));
        assertThat(hidden(passes.getFirst()))
                .containsExactly(List.of("linear.forward", "swiglu.forward", "convert", "linear.forward"), List.of());
    }

    /** Gradients go to the experts first, and back to their tokens behind the shared expert's. */
    @Test
    void shouldRunTheSharedExpertBackwardWhileGradientsAreOnTheirWay() {
        List<List<String>> passes = passes(SHARED, ExpertHosts.one(4));
        assertThat(hidden(passes.getLast()))
                .containsExactly(
                        List.of(),
                        List.of(
                                "linear.input_gradient",
                                "linear.weight_gradient",
                                "swiglu.input_gradient",
                                "linear.input_gradient",
                                "linear.weight_gradient"));
    }

    @Test
    void shouldHaveNothingToRunMeanwhileWithoutASharedExpert() {
        for (List<String> pass : passes("", ExpertHosts.one(4))) {
            assertThat(hidden(pass)).containsExactly(List.of(), List.of());
        }
    }

    /** The way between hosts is hidden. Inside them rows are handed on when they have come: nothing runs meanwhile. */
    @Test
    void shouldHideTheWayBetweenHosts() {
        List<List<String>> passes = passes(SHARED, ExpertHosts.of(List.of("a", "a", "b", "b")));
        assertThat(hidden(passes.getFirst()))
                .containsExactly(
                        List.of("linear.forward", "swiglu.forward", "convert", "linear.forward"), List.of(), List.of());
        assertThat(hidden(passes.getLast()))
                .hasSize(3)
                .last()
                .asInstanceOf(LIST)
                .hasSize(5);
    }
}
