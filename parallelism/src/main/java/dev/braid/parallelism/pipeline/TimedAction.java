package dev.braid.parallelism.pipeline;

/**
 * When an action ran, simulated or measured.
 *
 * @param start in any unit of time, from the step's beginning
 * @param end in the same unit
 */
public record TimedAction(Action action, double start, double end) {}
