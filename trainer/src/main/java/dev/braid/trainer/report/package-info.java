/**
 * What a user sees of a run: the progress line, {@code metrics.jsonl}, TensorBoard events, the loss curve as a page and as
 * text. Uses the JDK and Jackson; knows nothing of Spark, tensors or the training loop.
 */
package dev.braid.trainer.report;
