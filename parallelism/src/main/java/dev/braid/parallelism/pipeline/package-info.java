/**
 * Pipeline parallelism: schedules as data, how they are made, checked and simulated, and the executor that carries one out.
 *
 * <p>A model is cut into <em>stages</em>, numbered from the embedding to the loss. A step's samples are cut into
 * <em>micro-batches</em>. A schedule says in which order each rank runs what for which of both.
 */
package dev.braid.parallelism.pipeline;
