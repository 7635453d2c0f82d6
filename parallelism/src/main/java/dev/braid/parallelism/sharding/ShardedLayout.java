package dev.braid.parallelism.sharding;

import dev.braid.parallelism.ExposedTime;
import dev.braid.tensor.Compute;
import dev.braid.tensor.parameters.ExpertAxis;
import dev.braid.tensor.parameters.Layout;
import dev.braid.tensor.parameters.ParameterStore;
import dev.braid.tensor.parameters.Parameters;
import dev.braid.tensor.parameters.TensorAxis;

/**
 * One rank's part in a model that is divided over many.
 *
 * @param groups of units that the expert axis does not divide
 * @param expertGroups of units of experts
 * @param exposed where waiting is counted
 */
public record ShardedLayout(
        TensorAxis tensorAxis,
        ExpertAxis expertAxis,
        ShardingGroups groups,
        ShardingGroups expertGroups,
        ShardingSettings settings,
        ExposedTime exposed)
        implements Layout {
    /** Every rank has all experts. */
    public ShardedLayout(TensorAxis tensorAxis, ShardingGroups groups, ShardingSettings settings, ExposedTime exposed) {
        this(tensorAxis, ExpertAxis.SINGLE, groups, groups, settings, exposed);
    }

    @Override
    public ParameterStore store(Compute compute, Parameters declared) {
        return new ShardedStore(compute, declared, groups, expertGroups, settings, exposed);
    }
}
