/**
 * Where each rank stands: the mesh and its groups, which rank runs on which host, and the communicators of a rank by axis. Plans
 * are values: no Spark, no tensors, nothing that runs.
 */
package dev.braid.parallelism.mesh;
