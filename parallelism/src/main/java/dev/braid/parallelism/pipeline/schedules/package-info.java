/**
 * The schedules that have names, made for any number of ranks and micro-batches, and their text forms.
 *
 * <p>{@link dev.braid.parallelism.pipeline.schedules.Schedules} makes one;
 * {@link dev.braid.parallelism.pipeline.schedules.ScheduleName} lists them. Uses only the data of the pipeline package.
 */
package dev.braid.parallelism.pipeline.schedules;
