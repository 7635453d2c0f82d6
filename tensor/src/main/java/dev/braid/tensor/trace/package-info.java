/**
 * What a rank did when, while somebody records it: operations, phases, waits and collectives as spans of time. Uses nothing of
 * ours, so that every module can tell a {@link dev.braid.tensor.trace.Recorder}.
 */
package dev.braid.tensor.trace;
