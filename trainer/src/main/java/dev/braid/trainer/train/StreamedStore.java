package dev.braid.trainer.train;

import dev.braid.checkpoint.Weights;
import dev.braid.tensor.Category;
import dev.braid.tensor.Compute;
import dev.braid.tensor.DType;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.ops.Elementwise;
import dev.braid.tensor.parameters.Layout;
import dev.braid.tensor.parameters.Parameter;
import dev.braid.tensor.parameters.ParameterStore;
import dev.braid.tensor.parameters.Parameters;
import dev.braid.tensor.parameters.TensorAxis;
import dev.braid.tensor.parameters.Unit;
import dev.braid.tensor.parameters.Weight;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;

/**
 * Reads the values of a unit from a file when the model uses it and forgets them afterwards, so that a model runs that does not fit
 * into memory. For evaluation on one rank; there is nothing to train. Throws {@link UncheckedIOException} when the file can't be
 * read. Used by one thread.
 */
public final class StreamedStore implements ParameterStore {
    private final Compute compute;
    private final Weights weights;

    private StreamedStore(Compute compute, Parameters declared, Weights weights) {
        this.compute = compute;
        this.weights = weights;
        declared.units().forEach(unit -> unit.setStore(this));
        declared.tied().forEach(unit -> unit.setStore(this));
    }

    /** A layout whose model reads {@code weights}, which must have exactly the model's parameters and stay open. */
    public static Layout layout(Weights weights) {
        return new Layout() {
            @Override
            public TensorAxis tensorAxis() {
                return TensorAxis.SINGLE;
            }

            @Override
            public ParameterStore store(Compute compute, Parameters declared) {
                ModelCheckpoint.requireParameters(weights, declared);
                return new StreamedStore(compute, declared, weights);
            }
        };
    }

    /** None: nothing is held for an optimizer. */
    @Override
    public List<Parameter> parameters() {
        return List.of();
    }

    @Override
    public void needValues(Unit unit) {
        for (Weight weight : unit.weights()) {
            weight.setCompute(compute.memory().allocate(Category.PARAMETERS, weight.dtype(), weight.shape()));
        }
        try {
            for (Unit.Entry entry : unit.entries()) {
                read(entry);
            }
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }

    private void read(Unit.Entry entry) throws IOException {
        Shape shape = entry.spec().shape();
        Tensor target = entry.weight().compute().rows(entry.row(), shape.extent(0));
        if (target.dtype() == DType.F32) {
            weights.load(entry.spec().name(), target);
            return;
        }
        Tensor wide = compute.memory().allocate(Category.WORKSPACE, DType.F32, shape);
        try {
            weights.load(entry.spec().name(), wide);
            Elementwise.convert(compute, wide, target);
        } finally {
            wide.release();
        }
    }

    @Override
    public void releaseValues(Unit unit) {
        for (Weight weight : unit.weights()) {
            weight.compute().release();
            weight.setCompute(null);
        }
    }

    @Override
    public void needGradient(Unit unit) {
        throw noTraining();
    }

    @Override
    public void gradientComplete(Unit unit) {
        throw noTraining();
    }

    @Override
    public void beginStep(int microbatches) {
        throw noTraining();
    }

    @Override
    public void beginMicrobatch() {
        throw noTraining();
    }

    @Override
    public void nextGroup() {
        throw noTraining();
    }

    @Override
    public void finishGradients() {
        throw noTraining();
    }

    private static IllegalStateException noTraining() {
        return new IllegalStateException(
                "a model whose weights are read from a file as they are used can't be trained");
    }

    @Override
    public void beginEvaluation() {}

    @Override
    public void publish() {}
}
