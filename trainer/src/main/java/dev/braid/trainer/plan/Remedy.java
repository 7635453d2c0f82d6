package dev.braid.trainer.plan;

/**
 * A change that saves memory.
 *
 * @param change keys and values, as the command line takes them: {@code train.recompute=block}
 * @param input with the change
 * @param total bytes of a rank after it
 */
public record Remedy(String change, PlanInput input, long total) {}
