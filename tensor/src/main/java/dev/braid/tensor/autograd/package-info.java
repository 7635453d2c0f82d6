/**
 * The tape: records operations as they run forward and runs them backward in two halves, input gradients and weight
 * gradients. Uses {@code ops} and {@code matmul}.
 */
package dev.braid.tensor.autograd;
