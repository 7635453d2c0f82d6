/**
 * Figures of a run before it is started: memory of a rank by term, bytes on the wire by axis, arithmetic. Computed from the
 * experiment alone, for any number of ranks; uses no tensors and no Spark.
 */
package dev.braid.trainer.plan;
