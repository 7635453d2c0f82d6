/**
 * Tensors over off-heap memory owned by one rank, the rank's worker threads, and the context that ties them together.
 * Depends on the JDK only. Addresses of tensors stay inside this module.
 */
package dev.braid.tensor;
