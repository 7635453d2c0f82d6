/** Matrix products: one facade over three engines (oneDNN by FFM, ND4J, Vector API). */
package dev.braid.tensor.matmul;
