/**
 * Traces of training steps as Chrome's JSON trace format, which ui.perfetto.dev and chrome://tracing open: a process for each rank,
 * a thread for each lane. Uses {@code tensor}'s spans.
 */
package dev.braid.trainer.trace;
