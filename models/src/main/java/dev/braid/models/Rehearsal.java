package dev.braid.models;

import dev.braid.models.LayerTrace.Change;
import dev.braid.models.LayerTrace.Pass;
import dev.braid.models.LayerTrace.Setting;
import dev.braid.tensor.Category;
import dev.braid.tensor.Compute;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.autograd.Tape;
import dev.braid.tensor.autograd.Variable;
import dev.braid.tensor.autograd.WeightQueue;
import dev.braid.tensor.parameters.Place;
import dev.braid.tensor.parameters.Unit;
import dev.braid.tensor.parameters.WholeStore;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Runs one layer without computing, and writes down what happens to memory: see {@link LayerTrace}. */
final class Rehearsal implements AutoCloseable {
    private final Setting setting;
    private final List<Change> changes = new ArrayList<>();
    private final Compute compute;
    private final RehearsedAxis axis;
    private final RehearsedExperts experts;
    private final Architecture architecture;
    private final int layer;
    private final Batch batch;
    private final List<Tensor> carried = new ArrayList<>();
    private final Shape stream;

    Rehearsal(ModelConfig model, int layer, Setting setting) {
        this.layer = layer;
        this.setting = setting;
        this.compute =
                Compute.rehearsal(setting.cores(), (category, bytes) -> changes.add(new Change(category, bytes)));
        this.axis = new RehearsedAxis(setting.tensorRanks());
        this.experts = new RehearsedExperts(setting.experts());
        int ranks = setting.tensorRanks();
        // The vocabulary is not used by a layer, nor any position but the first.
        this.architecture = new Architecture(model, ranks, setting.dtype(), Place.of(axis, experts), 1);
        List<Unit> units = (module()
                        ? architecture.moduleBlock(layer - model.layers())
                        : architecture.blocks().get(layer))
                .units();
        WholeStore store = new WholeStore(compute, architecture.parameters().held(units));
        units.forEach(unit -> unit.setStore(store));
        this.batch = Batch.allocate(compute.memory(), setting.sequences(), setting.length())
                .routed(new MicrobatchRouting(1, 0, true, (routed, counts) -> counts, Map.of(), false));
        this.stream = Shape.of(axis.share(tokens()), model.dim());
        for (CarriedValue value : architecture.carriedTo(layer)) {
            StageOutput made = value.output(tokens(), setting.dtype(), true);
            carried.add(compute.memory().allocate(Category.ACTIVATIONS, made.dtype(), made.shape()));
        }
    }

    /** Whether it is a module of multi-token prediction, which counts behind the layers. */
    private boolean module() {
        return layer >= architecture.config().layers();
    }

    private int tokens() {
        return setting.sequences() * setting.length();
    }

    LayerTrace run() {
        Pass forward;
        Pass backward;
        try (Tape tape = Tape.training(compute, setting.dtype(), null, axis, experts)) {
            Variable input = input(tape);
            begin();
            Optional<Variable> embedded = embedded(tape);
            List<Variable> outputs = forward(tape, input, embedded);
            List<Tensor> kept =
                    outputs.stream().map(output -> output.value().retain()).toList();
            tape.endForward();
            forward = end();
            outputs.forEach(output -> tape.addGradient(output, room()));
            begin();
            tape.backward();
            embedded.flatMap(Variable::passedGradient).ifPresent(Tensor::release);
            backward = end();
            input.passedGradient().ifPresent(Tensor::release);
            kept.forEach(Tensor::release);
        }
        return new LayerTrace(forward, backward, kept());
    }

    /** Bytes that wait for weight halves. */
    private long kept() {
        WeightQueue queue = new WeightQueue();
        try (Tape tape = Tape.training(compute, setting.dtype(), queue, axis, experts)) {
            Variable input = input(tape);
            Optional<Variable> embedded = embedded(tape);
            List<Variable> outputs = forward(tape, input, embedded);
            tape.endForward();
            outputs.forEach(output -> tape.addGradient(output, room()));
            tape.backward();
            embedded.flatMap(Variable::passedGradient).ifPresent(Tensor::release);
            input.passedGradient().ifPresent(Tensor::release);
            long waiting = compute.memory().live(Category.ACTIVATIONS);
            queue.run();
            return waiting - compute.memory().live(Category.ACTIVATIONS);
        }
    }

    /** What comes into the layer: the tape alone holds it. */
    private Variable input(Tape tape) {
        Tensor value = room();
        Variable input = tape.dividedLeaf(value, tokens(), true);
        value.release();
        return input;
    }

    private Tensor room() {
        return compute.memory().allocate(Category.ACTIVATIONS, setting.dtype(), stream);
    }

    /** The embeddings that a module reads beside the hidden state. */
    private Optional<Variable> embedded(Tape tape) {
        return Optionals.when(module(), () -> input(tape));
    }

    private List<Variable> forward(Tape tape, Variable input, Optional<Variable> embedded) {
        CarriedValues values = new CarriedValues();
        List<CarriedValue> read = architecture.carriedTo(layer);
        for (int i = 0; i < read.size(); i++) {
            // Whoever makes a value gets its gradient: it is not this layer's.
            values.put(read.get(i).name(), tape.leaf(carried.get(i), false));
        }
        Batch carrying = batch.carrying(values);
        return embedded.map(other -> architecture.predict(
                        tape, layer - architecture.config().layers(), input, other, carrying, setting.recompute()))
                .orElseGet(() -> List.of(architecture.run(tape, layer, input, carrying, setting.recompute())));
    }

    private void begin() {
        changes.clear();
        axis.take();
        experts.take();
    }

    private Pass end() {
        RehearsedExperts.Sent sent = experts.take();
        return new Pass(changes, axis.take(), sent.all(), sent.across());
    }

    @Override
    public void close() {
        compute.close();
    }
}
