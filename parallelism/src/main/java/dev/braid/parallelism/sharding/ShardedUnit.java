package dev.braid.parallelism.sharding;

import dev.braid.parallelism.ExposedTime;
import dev.braid.tensor.Category;
import dev.braid.tensor.Compute;
import dev.braid.tensor.DType;
import dev.braid.tensor.Memory;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.parameters.GradientSum;
import dev.braid.tensor.parameters.Parameter;
import dev.braid.tensor.parameters.Unit;
import dev.braid.tensor.parameters.Weight;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What one rank holds of a unit, and of the unit that is tied to it: the values (all, or its shard), the gradient (all, its shard,
 * or both while they are reduced), the tied one's gradient while a step makes it, and the masters. Used by the rank's thread.
 */
final class ShardedUnit {
    private final Unit unit;
    private final Optional<Unit> tied;
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
    private final GradientSum gradient;

    /** That of the tied unit, laid out alike, while it is made. */
    private final GradientSum tiedGradient;

    /** At stages 2 and 3 the gradient of this rank's elements; otherwise its place in {@link #gradient}. */
    private final Tensor gradientShard;

    private final Optional<Tensor> wholeGradient;

    /** Uses whose gradients of this micro-batch are complete: the unit's and the tied one's. */
    private int complete;

    /** @param tied what shares the values here */
    ShardedUnit(Compute compute, Unit unit, Optional<Unit> tied, ShardingGroups groups, ShardingSettings settings) {
        this.unit = unit;
        this.tied = tied;
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
        Shape elements = Shape.of(layout.elements());
        if (settings.dividesGradients()) {
            gradientShard = memory.zeros(Category.GRADIENTS, DType.F32, ownElements);
            wholeGradient = Optional.empty();
            gradient = GradientSum.onNeed(compute, elements, sum -> showGradient(unit, sum));
        } else {
            Tensor whole = memory.zeros(Category.GRADIENTS, DType.F32, elements);
            gradientShard = ownPart(whole);
            wholeGradient = Optional.of(whole);
            gradient = GradientSum.kept(compute, whole, sum -> showGradient(unit, sum));
        }
        tiedGradient = GradientSum.onNeed(compute, elements, sum -> tied.ifPresent(again -> showGradient(again, sum)));
    }

    Unit unit() {
        return unit;
    }

    /** The ranks that divide it, and those that hold the same. */
    ShardingGroups groups() {
        return groups;
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
                ? wholeGradient.orElseThrow().rows(element, piece.count())
                : gradientShard.rows(element - layout.firstElement(me), piece.count());
        boolean counts = groups.replicate().rank() == 0
                && entry.part().copy() == 0
                && groups.pipeline().answersFor(unit);
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
        tied.ifPresent(again -> again.weights().forEach(weight -> weight.setCompute(null)));
    }

    private void showValues() {
        for (int i = 0; i < unit.weights().size(); i++) {
            Weight weight = unit.weights().get(i);
            Tensor place = values.view(layout.byteOf(weight), weight.dtype(), weight.shape());
            weight.setCompute(place);
            int index = i;
            tied.ifPresent(again -> again.weights().get(index).setCompute(place));
        }
    }

    /** Gives the weights of this unit, or of the tied one, a gradient to add to. */
    void needGradient(Unit of) {
        (of == unit ? gradient : tiedGradient).need();
    }

    private void showGradient(Unit of, Tensor sum) {
        for (int i = 0; i < of.weights().size(); i++) {
            Weight laidOut = unit.weights().get(i);
            of.weights()
                    .get(i)
                    .setGradient(
                            sum == null
                                    ? null
                                    : sum.view(layout.elementOf(laidOut) * Float.BYTES, DType.F32, laidOut.shape()));
        }
    }

    /** One use's gradient of this micro-batch is complete; true when that of all uses is. */
    boolean gradientComplete() {
        complete++;
        if (complete <= tied.stream().count()) {
            return false;
        }
        complete = 0;
        return true;
    }

    /** The micro-batches that follow add up by themselves. */
    void nextGroup() {
        gradient.nextGroup();
        tiedGradient.nextGroup();
    }

    /** The place of this rank's shard in a gradient of all elements. */
    Tensor ownPart(Tensor whole) {
        return whole.rows(layout.firstElement(me), layout.elementCounts()[me]);
    }

    /** Where this rank's shard of the sum belongs. */
    Tensor gradientShard() {
        return gradientShard;
    }

    /**
     * The gradient of all elements, with those of all groups. At stages 2 and 3 it is taken away from the weights; whoever reduces
     * it releases it.
     */
    Tensor takeWholeGradient() {
        return gradient.take().orElseGet(() -> {
            gradient.need();
            return gradient.take().orElseThrow();
        });
    }

    /** The tied unit's gradient, taken away from its weights; whoever adds it releases it. */
    Optional<PipelineSum.Summand> takeTiedGradient() {
        return tied.flatMap(again -> tiedGradient.take().map(sum -> new PipelineSum.Summand(again, sum)));
    }

    void zeroGradients() {
        gradient.begin();
        tiedGradient.begin();
        gradientShard.zero();
        complete = 0;
    }
}
