/**
 * How frames travel between ranks. A {@link dev.braid.parallelism.transport.Transport} only carries bytes one way; who may
 * speak, what a frame means and what a silence means is decided above it, once for all transports.
 */
package dev.braid.parallelism.transport;
