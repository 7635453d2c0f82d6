/** Tensor parallelism over process groups: the collectives that divided operations use. Uses the parent package and {@code tensor}. */
package dev.braid.parallelism.tensor;
