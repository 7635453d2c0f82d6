package dev.braid.parallelism.sharding;

import dev.braid.parallelism.ExposedTime;
import dev.braid.tensor.Compute;
import dev.braid.tensor.parameters.Layout;
import dev.braid.tensor.parameters.ParameterStore;
import dev.braid.tensor.parameters.Parameters;
import dev.braid.tensor.parameters.TensorAxis;

/**
 * One rank's part in a model that is divided over many.
 *
 * @param exposed where waiting is counted
 */
public record ShardedLayout(
        TensorAxis tensorAxis, ShardingGroups groups, ShardingSettings settings, ExposedTime exposed)
        implements Layout {
    @Override
    public ParameterStore store(Compute compute, Parameters declared) {
        return new ShardedStore(compute, declared, groups, settings, exposed);
    }
}
