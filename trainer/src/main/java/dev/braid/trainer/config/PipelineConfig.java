package dev.braid.trainer.config;

import dev.braid.config.Faults;
import dev.braid.config.Key;
import dev.braid.config.Validated;
import dev.braid.data.ByteSize;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * How the ranks of a pipeline work together. What it asks of the mesh, the model and the batch is in {@link PipelineRules}; a key
 * that would do nothing is refused there.
 */
public record PipelineConfig(
        @Key(
                value =
                        "Order in which ranks work on micro-batches: gpipe, 1f1b, interleaved, zb-h1, zb-h2, zb-1p, zb-2p, zb-v,"
                                + " v-half, v-min, dualpipe, dualpipe-v, or a file as braid schedule --save writes one. Without a"
                                + " pipeline gradients add up in the groups of this one, for equal bits.",
                derived = "1f1b")
        Optional<String> schedule,

        @Key(value = "Stages of a rank, with schedule interleaved.", derived = "2 with interleaved")
        Optional<Integer> virtualStages,

        @Key(
                value =
                        "Layers of each stage in the order of the model; auto makes the estimated costs of stages as equal as"
                                + " it can, those of embedding and head counted.",
                empty = "auto")
        Optional<List<Integer>> layers,

        @Key(
                "Most memory of a rank, such as 8GiB: what zb-1p and zb-2p may fill, above which optimistic_step is refused, and"
                        + " under which braid plan recommends a schedule. Other schedules are not held to it.")
        Optional<String> memoryLimit,

        @Key(
                value =
                        "Whether ranks take their optimizer steps before the gradient's norm is known and undo those that"
                                + " clipping would have changed, instead of waiting for each other. The same numbers, for more memory.",
                derived = "false")
        Optional<Boolean> optimisticStep)
        implements Validated {
    /** The schedule where none is named. */
    static final String DEFAULT_SCHEDULE = "1f1b";

    static final int DEFAULT_VIRTUAL_STAGES = 2;

    /** Name of the schedule, or a file. */
    public String scheduleName() {
        return schedule.orElse(DEFAULT_SCHEDULE);
    }

    /** Whether the schedule lies in a file: names of schedules have neither a dot nor a slash. */
    public boolean schedulesFromFile() {
        return scheduleName().contains(".") || scheduleName().contains("/");
    }

    /** Stages of a rank where the schedule leaves that open. */
    public int chunks() {
        return virtualStages.orElse(DEFAULT_VIRTUAL_STAGES);
    }

    /** Bytes that a rank may use, if there is a limit. */
    public OptionalLong memoryLimitBytes() {
        return memoryLimit.isPresent() ? OptionalLong.of(ByteSize.parse(memoryLimit.get())) : OptionalLong.empty();
    }

    /** Whether ranks step before the norm is known. */
    public boolean stepsOptimistically() {
        return optimisticStep.orElse(false);
    }

    @Override
    public void validate(Faults faults) {
        if (schedule.filter(String::isBlank).isPresent()) {
            faults.add(
                    "schedule",
                    "is empty, must name a schedule or a file",
                    "remove the key to use " + DEFAULT_SCHEDULE);
        }
        if (virtualStages.filter(stages -> stages < 1).isPresent()) {
            faults.add("virtual_stages", "is " + virtualStages.get() + ", must be at least 1", "");
        }
        try {
            memoryLimitBytes();
        } catch (IllegalArgumentException problem) {
            faults.add("memory_limit", problem.getMessage(), "write memory_limit: 8GiB");
        }
    }
}
