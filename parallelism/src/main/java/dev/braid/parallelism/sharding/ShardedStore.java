package dev.braid.parallelism.sharding;

import dev.braid.parallelism.ExposedTime;
import dev.braid.tensor.Compute;
import dev.braid.tensor.parameters.Parameter;
import dev.braid.tensor.parameters.ParameterStore;
import dev.braid.tensor.parameters.Parameters;
import dev.braid.tensor.parameters.Unit;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Parameters divided over a shard group by ZeRO's stages, and equal on the replicas across. At stage 3 the values of a unit are
 * gathered when it is used and, one unit ahead, before; gradients are reduced while backward goes on. All stages give the same
 * bits. Every rank's thread makes the same calls in the same order; see {@link ParameterStore}.
 */
public final class ShardedStore implements ParameterStore {
    /** Gradients that may be under way beside the one being made. */
    private static final int IN_FLIGHT = 2;

    private final Compute compute;
    private final ShardingSettings settings;
    private final ExposedTime exposed;
    private final Map<Unit, ShardedUnit> units = new LinkedHashMap<>();
    private final Map<Unit, ShardedUnit> sharing = new HashMap<>();
    private final List<Parameter> parameters = new ArrayList<>();
    private final ReductionQueue reductions = new ReductionQueue();
    private final CopyExchange exchange;

    /** Units whose gradients are not yet on their way in this step. */
    private final Set<Unit> incomplete = new LinkedHashSet<>();

    private final UseOrder training = new UseOrder();
    private final UseOrder evaluation = new UseOrder();
    private UseOrder order = training;
    private int microbatches;
    private int microbatch;

    ShardedStore(
            Compute compute,
            Parameters declared,
            ShardingGroups groups,
            ShardingGroups expertGroups,
            ShardingSettings settings,
            ExposedTime exposed) {
        this.compute = compute;
        this.settings = settings;
        this.exposed = exposed;
        for (Unit unit : declared.units()) {
            Optional<Unit> tied = unit.tied().filter(declared.tied()::contains);
            ShardingGroups own = unit.byExpert() ? expertGroups : groups;
            ShardedUnit sharded = new ShardedUnit(compute, unit, tied, own, settings);
            unit.setStore(this);
            units.put(unit, sharded);
            tied.ifPresent(again -> {
                again.setStore(this);
                sharing.put(again, sharded);
            });
            parameters.addAll(sharded.parameters());
        }
        parameters.sort(Comparator.comparing(Parameter::name));
        List<Unit> all = new ArrayList<>(units.keySet());
        all.addAll(sharing.keySet());
        // What can't be exchanged is refused now, and not at the end of the first step.
        all.forEach(groups.pipeline()::tied);
        exchange = new CopyExchange(compute, groups.pipeline(), all, exposed);
    }

    @Override
    public List<Parameter> parameters() {
        return List.copyOf(parameters);
    }

    /** What holds the values of {@code unit}, which may be tied to another. */
    private ShardedUnit holder(Unit unit) {
        ShardedUnit shared = sharing.get(unit);
        return shared == null ? units.get(unit) : shared;
    }

    @Override
    public void needValues(Unit unit) {
        reductions.advance();
        ShardedUnit sharded = holder(unit);
        if (settings.dividesValues()) {
            boolean gathered = sharded.gathered();
            if (!gathered) {
                sharded.startGather();
            }
            order.next(sharded.unit())
                    .map(units::get)
                    .filter(next -> !next.gathered())
                    .ifPresent(ShardedUnit::startGather);
        }
        sharded.awaitValues(exposed);
    }

    @Override
    public void releaseValues(Unit unit) {
        reductions.advance();
        if (settings.reshardAfterForward()) {
            holder(unit).dropValues(exposed);
        }
    }

    @Override
    public void needGradient(Unit unit) {
        holder(unit).needGradient(unit);
    }

    @Override
    public void gradientComplete(Unit unit) {
        if (!holder(unit).gradientComplete()) {
            return;
        }
        boolean last = microbatch == microbatches;
        if (!last && settings.accumulateWhole()) {
            return;
        }
        if (settings.dividesGradients()) {
            reductions.await(IN_FLIGHT - 1);
        } else if (!last) {
            return;
        }
        if (last) {
            incomplete.remove(holder(unit).unit());
        }
        reductions.add(new Reduction(
                compute, holder(unit), settings, exchange, exposed, !settings.accumulateWhole() && microbatch > 1));
    }

    @Override
    public void beginStep(int count) {
        microbatches = count;
        microbatch = 0;
        dropValues();
        units.values().forEach(ShardedUnit::zeroGradients);
        exchange.begin();
        incomplete.addAll(units.keySet());
        order = training;
        order.begin();
    }

    @Override
    public void beginMicrobatch() {
        microbatch++;
    }

    @Override
    public void nextGroup() {
        if (settings.dividesGradients() && !settings.accumulateWhole()) {
            throw new IllegalStateException("gradients that are reduced after every micro-batch add up in one group;"
                    + " groups need a whole gradient a step");
        }
        units.values().forEach(ShardedUnit::nextGroup);
    }

    /** Throws {@link IllegalStateException} when the last micro-batch has not come by all units: nothing else would tell. */
    @Override
    public void finishGradients() {
        if (!incomplete.isEmpty()) {
            throw new IllegalStateException("micro-batch " + microbatch + " of " + microbatches
                    + " was the last one, and the gradients of "
                    + incomplete.stream().map(Unit::name).toList() + " are not complete");
        }
        reductions.await(0);
    }

    @Override
    public void beginEvaluation() {
        order = evaluation;
        order.begin();
    }

    @Override
    public void publish() {
        dropValues();
        units.values().forEach(ShardedUnit::valuesChanged);
        awaitValues();
        if (settings.stage() == 1 || settings.stage() == 2) {
            units.values().forEach(ShardedUnit::startGather);
        }
    }

    /** Done when the values have arrived: whoever sets masters from outside may do so again right away. */
    @Override
    public void refresh(Compute on) {
        ParameterStore.super.refresh(on);
        awaitValues();
    }

    private void awaitValues() {
        if (!settings.dividesValues()) {
            units.values().forEach(unit -> unit.awaitValues(exposed));
        }
    }

    /** Values that were gathered ahead of a use that did not come, or that are kept between uses. */
    private void dropValues() {
        units.values().forEach(unit -> unit.dropValues(exposed));
    }
}
