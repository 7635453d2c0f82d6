/**
 * Fused operations on tensors, forward and backward: facades that check shapes and split rows over the rank's cores, above
 * kernels in two implementations (scalar reference, Vector API). They know nothing of the tape.
 */
package dev.braid.tensor.ops;
