/**
 * The tape: records operations as they run forward and runs them backward in two halves, input gradients and weight
 * gradients. Where a tensor axis has several ranks, its operations gather and scatter rows around divided products. Uses
 * {@code ops}, {@code matmul} and {@code parameters}.
 */
package dev.braid.tensor.autograd;
