package dev.braid.trainer.config;

import dev.braid.config.Faults;
import dev.braid.config.Key;
import dev.braid.config.Validated;
import java.util.List;
import java.util.Optional;

/** How pipeline stages work together. This version has one stage, so that any value is refused: it would do nothing. */
public record PipelineConfig(
        @Key("Schedule by name or file. Only none in this version.")
        Optional<String> schedule,

        @Key("Stages of a rank. Only none in this version.") Optional<Integer> virtualStages,

        @Key("Layers of each stage. Only none in this version.")
        Optional<List<Integer>> layers,

        @Key("Memory that a schedule may use. Only none in this version.")
        Optional<String> memoryLimit,

        @Key("Whether a stage steps before the global norm is known. Only none in this version.")
        Optional<Boolean> optimisticStep)
        implements Validated {

    @Override
    public void validate(Faults faults) {
        absent("schedule", schedule, faults);
        absent("virtual_stages", virtualStages, faults);
        absent("layers", layers, faults);
        absent("memory_limit", memoryLimit, faults);
        absent("optimistic_step", optimisticStep, faults);
    }

    private static void absent(String key, Optional<?> value, Faults faults) {
        if (value.isPresent()) {
            faults.add(
                    key,
                    "is " + value.get() + ", but this version trains in one pipeline stage, where it would do nothing",
                    "remove the key");
        }
    }
}
