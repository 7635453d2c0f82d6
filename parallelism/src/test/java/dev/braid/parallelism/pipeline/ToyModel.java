package dev.braid.parallelism.pipeline;

import dev.braid.tensor.Category;
import dev.braid.tensor.Compute;
import dev.braid.tensor.DType;
import dev.braid.tensor.Memory;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.autograd.ExpertDispatch;
import dev.braid.tensor.autograd.HeadLoss;
import dev.braid.tensor.autograd.Operations;
import dev.braid.tensor.autograd.Tape;
import dev.braid.tensor.autograd.Variable;
import dev.braid.tensor.autograd.WeightQueue;
import dev.braid.tensor.kernels.KernelProviders;
import dev.braid.tensor.parameters.Division;
import dev.braid.tensor.parameters.ExpertAxis;
import dev.braid.tensor.parameters.Parameter.Initialization;
import dev.braid.tensor.parameters.ParameterSpec;
import dev.braid.tensor.parameters.Parameters;
import dev.braid.tensor.parameters.TensorAxis;
import dev.braid.tensor.parameters.Unit;
import dev.braid.tensor.parameters.Weight;
import dev.braid.tensor.parameters.WholeStore;
import dev.braid.tensor.trace.Recorder;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * A model of one norm and one matrix a stage: {@code hidden = rms_norm(hidden) W^T + residual}. Its residual is the hidden state
 * itself or, where the model remembers, what stage 0 has made of the data, which every stage passes on beside the hidden state,
 * with row numbers that have no gradient. The last stage has a head and a cross-entropy.
 *
 * <p>The last micro-batch of a step has one row less than the others. Weights and data are formulas of their place.
 */
final class ToyModel implements StageModel {
    /** Rows of a small micro-batch. */
    static final int ROWS = 4;

    static final int COLUMNS = 16;
    private static final int TOKENS = 5;

    /** The figures of one stage. */
    private record Layer(Unit unit, Weight norm, Weight matrix) {}

    private final Compute compute;
    private final int stages;
    private final int microbatches;
    private final int rows;
    private final boolean remembers;
    private final Map<Integer, Layer> layers = new LinkedHashMap<>();
    private Weight head;

    /** Loss of each micro-batch, where the last stage has run for it. */
    final Map<Integer, Double> losses = new LinkedHashMap<>();

    /** What was told to be complete: stage, then direction. */
    final List<List<Integer>> complete = new ArrayList<>();

    /** Names of units whose last use has ended. */
    final List<String> completeUnits = new ArrayList<>();

    private String passedName = "hidden";
    private ExpertAxis experts = ExpertAxis.SINGLE;
    private boolean again;

    ToyModel(Memory memory, List<Integer> held, int stages, int microbatches, int rows, boolean remembers) {
        this.compute = new Compute(1, "vector", "toy", KernelProviders.chosen(), memory);
        this.stages = stages;
        this.microbatches = microbatches;
        this.rows = rows;
        this.remembers = remembers;
        Parameters parameters = new Parameters(DType.F32, 1, 0);
        for (int stage : held) {
            Unit unit = parameters.unit("stage." + stage);
            Weight norm = parameters.add(spec("stage." + stage + ".norm", COLUMNS));
            Weight matrix = parameters.add(spec("stage." + stage + ".matrix", COLUMNS, COLUMNS));
            layers.put(stage, new Layer(unit, norm, matrix));
            if (stage == stages - 1) {
                head = parameters.add(spec("head", TOKENS, COLUMNS));
            }
        }
        new WholeStore(compute, parameters);
        layers.forEach((stage, layer) -> {
            fill(layer.norm.compute(), 31 + stage, 1);
            fill(layer.matrix.compute(), 7 + stage, 0);
        });
        if (head != null) {
            fill(head.compute(), 3, 0);
        }
    }

    /** The whole model on one rank. */
    static ToyModel whole(Memory memory, int stages, int microbatches, int rows, boolean remembers) {
        List<Integer> all = IntStream.range(0, stages).boxed().toList();
        return new ToyModel(memory, all, stages, microbatches, rows, remembers);
    }

    private static ParameterSpec spec(String name, long... extents) {
        return new ParameterSpec(name, Shape.of(extents), Division.WHOLE, new Initialization.Constant(0));
    }

    /** Multiples of 1/32 about {@code middle} that repeat after 23 elements. */
    private static void fill(Tensor tensor, int salt, float middle) {
        for (int i = 0; i < tensor.count(); i++) {
            tensor.set(i, middle + ((i * 5 + salt * 11) % 23 - 11) / 32f);
        }
    }

    private int rows(int microbatch) {
        return microbatch == microbatches - 1 ? rows - 1 : rows;
    }

    @Override
    public List<Passed> outputs(int stage, int microbatch) {
        int rows = rows(microbatch);
        Passed hidden = new Passed("hidden", DType.F32, Shape.of(rows, COLUMNS), rows, false, true);
        if (stage == stages - 1) {
            return List.of();
        }
        return remembers
                ? List.of(
                        hidden,
                        new Passed("rows", DType.I32, Shape.of(rows), rows, false, false),
                        new Passed("memory", DType.F32, Shape.of(rows, COLUMNS), rows, false, true))
                : List.of(hidden);
    }

    @Override
    public Tape trainingTape(WeightQueue queue) {
        return Tape.training(compute, DType.F32, queue, TensorAxis.SINGLE, experts);
    }

    @Override
    public Tape evaluationTape() {
        return Tape.inference(compute, DType.F32, TensorAxis.SINGLE, experts);
    }

    @Override
    public Map<String, Variable> forward(Tape tape, int stage, int microbatch, Map<String, Variable> inputs) {
        Layer layer = layers.get(stage);
        Variable hidden = stage == 0 ? data(tape, microbatch) : inputs.get("hidden");
        Variable memory = inputs.getOrDefault("memory", hidden);
        Tape.Use use = Tape.Use.TWICE;
        tape.enter(layer.unit, use);
        Variable made = tape.scope(() -> {
            Variable normed = Operations.rmsNorm(tape, hidden, layer.norm, 1e-5f);
            Variable out = Operations.rowLinear(tape, normed, layer.matrix, memory);
            if (!exchangesRows()) {
                return out;
            }
            return again
                    ? tape.checkpoint(out, (inner, x) -> thereAndBack(inner, x, microbatch))
                    : thereAndBack(tape, out, microbatch);
        });
        if (stage == stages - 1) {
            losses.put(microbatch, loss(tape, made, microbatch));
        }
        tape.leave(layer.unit, use);
        if (stage == stages - 1) {
            return Map.of();
        }
        if (!remembers) {
            return Map.of(passedName, made);
        }
        return stage == 0
                ? Map.of("hidden", made, "memory", made, "rows", rowNumbers(tape, microbatch))
                : Map.of("hidden", made, "memory", memory, "rows", inputs.get("rows"));
    }

    /** Every row goes to one expert of the next rank or of this one, and comes back as it was. */
    private Variable thereAndBack(Tape tape, Variable x, int microbatch) {
        Tensor chosen = allocate(DType.I32, Shape.of(x.rows(), 1));
        for (int row = 0; row < chosen.count(); row++) {
            chosen.setInt(row, (row + microbatch) % experts.ranks());
        }
        try {
            ExpertDispatch dispatch = ExpertDispatch.of(tape, chosen, experts.ranks(), 0);
            return dispatch.combine(dispatch.dispatch(x), Variable.zerosLike(x));
        } finally {
            chosen.release();
        }
    }

    private Variable data(Tape tape, int microbatch) {
        Tensor tensor = allocate(DType.F32, Shape.of(rows(microbatch), COLUMNS));
        fill(tensor, 101 + microbatch, 0);
        Variable leaf = tape.leaf(tensor, false);
        tensor.release();
        return leaf;
    }

    private Variable rowNumbers(Tape tape, int microbatch) {
        Tensor tensor = allocate(DType.I32, Shape.of(rows(microbatch)));
        for (int row = 0; row < tensor.count(); row++) {
            tensor.setInt(row, row);
        }
        Variable leaf = tape.leaf(tensor, false);
        tensor.release();
        return leaf;
    }

    private double loss(Tape tape, Variable made, int microbatch) {
        Tensor labels = allocate(DType.I32, Shape.of(rows(microbatch)));
        for (int row = 0; row < labels.count(); row++) {
            labels.setInt(row, (microbatch + row) % TOKENS);
        }
        double loss = HeadLoss.of(tape, made, head, labels, 1 / 32f, 0);
        labels.release();
        return loss;
    }

    private Tensor allocate(DType dtype, Shape shape) {
        return compute.memory().allocate(Category.ACTIVATIONS, dtype, shape);
    }

    @Override
    public boolean exchangesRows() {
        return experts.ranks() > 1;
    }

    @Override
    public void gradientsComplete(int stage, int direction) {
        complete.add(List.of(stage, direction));
        layers.get(stage).unit.endUse();
    }

    /** Lets stages pass their hidden state on under another name than they say. */
    void passOnAs(String name) {
        passedName = name;
    }

    /**
     * From now on every stage sends its rows to an expert that does nothing, of the rank that it falls to in turn, and back.
     *
     * @param recompute whether backward does that again
     */
    void exchangeRowsOver(ExpertAxis axis, boolean recompute) {
        experts = axis;
        again = recompute;
    }

    /** Tells {@code recorder} of every operation. */
    void record(Recorder recorder) {
        compute.profile().record(recorder);
    }

    /** Begins a use of every unit that ends when the gradients of its stage are complete. */
    void holdUnitsOpen() {
        layers.values().forEach(layer -> {
            layer.unit.setStore(new CompleteUnits(completeUnits));
            layer.unit.beginUse();
        });
    }

    /** The gradients of a stage's weights, one after the other, as the bits of their elements. */
    int[] gradientBits(int stage) {
        List<Tensor> gradients = new ArrayList<>();
        gradients.add(layers.get(stage).norm.gradient());
        gradients.add(layers.get(stage).matrix.gradient());
        if (stage == stages - 1) {
            gradients.add(head.gradient());
        }
        return gradients.stream()
                .map(Tensor::toFloats)
                .flatMapToInt(values -> IntStream.range(0, values.length).map(i -> Float.floatToRawIntBits(values[i])))
                .toArray();
    }

    void zeroGradients() {
        layers.values().forEach(layer -> {
            layer.norm.gradient().zero();
            layer.matrix.gradient().zero();
        });
        if (head != null) {
            head.gradient().zero();
        }
    }

    /** Runs a micro-batch through all stages on one tape, forward and backward: no pipeline, no queue. */
    void train(int microbatch) {
        try (Tape tape = trainingTape(null)) {
            Map<String, Variable> passed = Map.of();
            for (int stage = 0; stage < stages; stage++) {
                passed = forward(tape, stage, microbatch, passed);
            }
            tape.backward();
        }
    }
}
