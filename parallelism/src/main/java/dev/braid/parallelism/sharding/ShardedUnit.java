package dev.braid.parallelism.sharding;

import dev.braid.parallelism.ExposedTime;
import dev.braid.tensor.Category;
import dev.braid.tensor.Compute;
import dev.braid.tensor.DType;
import dev.braid.tensor.Memory;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.parameters.Parameter;
import dev.braid.tensor.parameters.Unit;
import dev.braid.tensor.parameters.Weight;
import java.util.ArrayList;
import java.util.List;

/**
 * What one rank holds of a unit: its values (all, or its shard), its gradient (all, its shard, or both while they are reduced) and
 * its masters. Used by the rank's thread.
 */
final class ShardedUnit {
    private final Unit unit;
    private final UnitLayout layout;
    private final ShardingGroups groups;
    private final ShardingSettings settings;
    private final Memory memory;
    private final int me;

    /** All values; absent at stage 3 while the unit is not in use. */
    private Tensor values;

    /** At stage 3 this rank's values; otherwise its place in {@link #values}. */
    private final Tensor valueShard;

    private final ValueGather gather;
    private boolean underWay;

    /** The gradient of all elements; at stages 2 and 3 only while it is made and reduced. */
    private Tensor gradient;

    /** At stages 2 and 3 the gradient of this rank's elements; otherwise its place in {@link #gradient}. */
    private final Tensor gradientShard;

    ShardedUnit(Compute compute, Unit unit, ShardingGroups groups, ShardingSettings settings) {
        this.unit = unit;
        this.groups = groups;
        this.settings = settings;
        this.memory = compute.memory();
        this.layout = new UnitLayout(unit, groups.shards());
        this.me = groups.shard();
        Shape ownBytes = Shape.of(layout.byteCounts()[me]);
        Shape ownElements = Shape.of(layout.elementCounts()[me]);
        if (settings.dividesValues()) {
            valueShard = memory.zeros(Category.PARAMETERS, DType.I8, ownBytes);
        } else {
            values = memory.zeros(Category.PARAMETERS, DType.I8, Shape.of(layout.bytes()));
            valueShard = values.rows(layout.firstByte(me), ownBytes.count());
            showValues();
        }
        gather = ValueGather.of(compute, layout, groups, settings, valueShard);
        if (settings.dividesGradients()) {
            gradientShard = memory.zeros(Category.GRADIENTS, DType.F32, ownElements);
        } else {
            gradient = memory.zeros(Category.GRADIENTS, DType.F32, Shape.of(layout.elements()));
            gradientShard = gradient.rows(layout.firstElement(me), ownElements.count());
            showGradient();
        }
    }

    Unit unit() {
        return unit;
    }

    UnitLayout layout() {
        return layout;
    }

    /** What this rank holds for the optimizer. */
    List<Parameter> parameters() {
        List<Parameter> parameters = new ArrayList<>();
        if (settings.stage() > 0) {
            for (UnitLayout.Piece piece : layout.pieces(me)) {
                parameters.add(parameter(piece, new Parameter.Range(0, piece.count())));
            }
            return parameters;
        }
        for (Unit.Entry entry : unit.entries()) {
            long count = entry.part().shape().count();
            Parameter.Range mine = layout.pieces(me).stream()
                    .filter(piece -> piece.entry() == entry)
                    .map(piece -> new Parameter.Range(piece.from(), piece.count()))
                    .findFirst()
                    .orElse(Parameter.Range.NONE);
            parameters.add(parameter(new UnitLayout.Piece(entry, 0, count), mine));
        }
        return parameters;
    }

    private Parameter parameter(UnitLayout.Piece piece, Parameter.Range mine) {
        Unit.Entry entry = piece.entry();
        DType dtype = entry.weight().dtype();
        Shape shape = Shape.of(piece.count());
        long at = layout.byteOf(entry, piece.from());
        Tensor compute = settings.dividesValues()
                ? valueShard.view(at - layout.firstByte(me), dtype, shape)
                : values.view(at, dtype, shape);
        Tensor master = dtype == DType.F32 ? compute : memory.zeros(Category.PARAMETERS, DType.F32, shape);
        long element = layout.elementOf(entry, piece.from());
        Tensor ownGradient = settings.stage() == 0
                ? gradient.rows(element, piece.count())
                : gradientShard.rows(element - layout.firstElement(me), piece.count());
        boolean counts = groups.replicate().rank() == 0 && entry.part().copy() == 0;
        return new Parameter(
                entry.spec(),
                entry.part(),
                piece.from(),
                master,
                ownGradient,
                compute,
                counts ? mine : Parameter.Range.NONE);
    }

    /** Starts to gather the values where they are not here, or have changed on other ranks; without effect when under way. */
    void startGather() {
        if (underWay || groups.shards() == 1 && values != null) {
            return;
        }
        if (values == null) {
            values = memory.allocate(Category.COMMUNICATION, DType.I8, Shape.of(layout.bytes()));
        }
        gather.start(values);
        underWay = true;
    }

    /** Whether the values are here or on their way. */
    boolean gathered() {
        return values != null;
    }

    /** Waits until the values are here and gives them to the weights. */
    void awaitValues(ExposedTime exposed) {
        finishGather(exposed);
        if (settings.dividesValues()) {
            showValues();
        }
    }

    private void finishGather(ExposedTime exposed) {
        if (underWay) {
            gather.finish(values, exposed);
            underWay = false;
        }
    }

    /** The values of the ranks' shards have changed. */
    void valuesChanged() {
        gather.valuesChanged();
    }

    /** At stage 3: drops the gathered values. */
    void dropValues(ExposedTime exposed) {
        if (!settings.dividesValues() || values == null) {
            return;
        }
        finishGather(exposed);
        values.release();
        values = null;
        unit.weights().forEach(weight -> weight.setCompute(null));
    }

    private void showValues() {
        for (Weight weight : unit.weights()) {
            weight.setCompute(values.view(layout.byteOf(weight), weight.dtype(), weight.shape()));
        }
    }

    /** Gives the weights a gradient to add to. */
    void needGradient() {
        if (gradient == null) {
            gradient = memory.zeros(Category.COMMUNICATION, DType.F32, Shape.of(layout.elements()));
            showGradient();
        }
    }

    private void showGradient() {
        for (Weight weight : unit.weights()) {
            weight.setGradient(gradient.view(layout.elementOf(weight) * Float.BYTES, DType.F32, weight.shape()));
        }
    }

    /** The gradient of all elements. */
    Tensor wholeGradient() {
        return gradient;
    }

    /** The place of this rank's shard in {@link #wholeGradient}. */
    Tensor ownPartOfGradient() {
        return gradient.rows(layout.firstElement(me), gradientShard.count());
    }

    /** Where this rank's shard of the sum belongs. */
    Tensor gradientShard() {
        return gradientShard;
    }

    /** At stages 2 and 3: takes the whole gradient away from the weights; whoever reduces it releases it. */
    Tensor takeWholeGradient() {
        Tensor taken = gradient;
        if (settings.dividesGradients()) {
            unit.weights().forEach(weight -> weight.setGradient(null));
            gradient = null;
        }
        return taken;
    }

    void zeroGradients() {
        if (gradient != null) {
            gradient.zero();
        }
        gradientShard.zero();
    }
}
