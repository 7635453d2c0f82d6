/**
 * Checkpoints as checksummed slices of named tensors, committed by a manifest that is written last. Uses
 * {@code tensor}, Jackson and a {@link dev.braid.checkpoint.CheckpointStore}; knows neither models nor Spark.
 */
package dev.braid.checkpoint;
