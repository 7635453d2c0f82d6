/**
 * Flash attention with grouped heads, forward and backward: a facade that checks shapes, above a scalar reference and a
 * Vector API implementation. Uses the JDK and {@code dev.braid.tensor} only and knows nothing of the tape.
 */
package dev.braid.tensor.attention;
