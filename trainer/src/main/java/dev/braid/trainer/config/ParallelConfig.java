package dev.braid.trainer.config;

import dev.braid.config.Faults;
import dev.braid.config.Key;
import dev.braid.config.Validated;
import java.util.List;
import java.util.Optional;

/**
 * The mesh of ranks. This version trains on one rank, so that every key takes only the value that means just that; any other is
 * refused, since it would do nothing.
 */
public record ParallelConfig(
        @Key(value = "Ranks that hold the same parameters. Only 1 in this version.", byDefault = "1")
        int replicate,

        @Key(
                value = "Ranks over which parameters and optimizer state are divided. Only 1 in this version.",
                byDefault = "1")
        int shard,

        @Key(value = "Ranks over which each matrix is divided. Only 1 in this version.", byDefault = "1")
        int tensor,

        @Key(value = "Pipeline stages. Only 1 in this version.", byDefault = "1")
        int pipeline,

        @Key(value = "Ranks over which each sequence is divided. Only 1 in this version.", byDefault = "1")
        int context,

        @Key(value = "Ranks over which experts are divided. Only 1 in this version.", byDefault = "1")
        int expert,

        @Key("What the shard group divides, 0 to 3. Only none in this version.")
        Optional<Integer> zero,

        @Key("Format in which gradients are summed over ranks. Only none in this version.")
        Optional<String> reduce,

        @Key("Whether gathered parameters are dropped after the forward pass. Only none in this version.")
        Optional<Boolean> reshardAfterForward,

        @Key(value = "Reduced communication for sharding. Only [] in this version.", byDefault = "[]")
        List<String> zeropp,

        @Key("Algorithm of the collectives. Only none in this version.")
        Optional<String> algorithm,

        @Key("How ranks send to each other. Only none in this version.")
        Optional<String> transport,

        @Key("How long ranks wait for each other. Only none in this version.")
        Optional<String> timeout)
        implements Validated {

    private static final String REASON = "this version trains on one rank";

    /** Ranks of the mesh. */
    public int ranks() {
        return replicate * shard * tensor * pipeline * context;
    }

    @Override
    public void validate(Faults faults) {
        one("replicate", replicate, faults);
        one("shard", shard, faults);
        one("tensor", tensor, faults);
        one("pipeline", pipeline, faults);
        one("context", context, faults);
        one("expert", expert, faults);
        absent("zero", zero, faults);
        absent("reduce", reduce, faults);
        absent("reshard_after_forward", reshardAfterForward, faults);
        absent("zeropp", zeropp.stream().findFirst(), faults);
        absent("algorithm", algorithm, faults);
        absent("transport", transport, faults);
        absent("timeout", timeout, faults);
    }

    private static void one(String key, int ranks, Faults faults) {
        if (ranks != 1) {
            faults.add(key, "is " + ranks + ", but " + REASON, "write 1, or remove the key");
        }
    }

    private static void absent(String key, Optional<?> value, Faults faults) {
        if (value.isPresent()) {
            faults.add(key, "is " + value.get() + ", but " + REASON + ", where it would do nothing", "remove the key");
        }
    }
}
