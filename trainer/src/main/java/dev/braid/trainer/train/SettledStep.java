package dev.braid.trainer.train;

/**
 * A step whose result no rank will change any more.
 *
 * @param stop whether a rank wished to end the run when the step was done
 */
public record SettledStep(StepResult result, boolean stop) {}
