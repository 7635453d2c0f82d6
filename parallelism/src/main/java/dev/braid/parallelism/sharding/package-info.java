/**
 * Divides parameters, gradients and optimizer state over ranks: ZeRO stages 0 to 3 (Rajbhandari et al. 2020, arXiv 1910.02054)
 * by units, as FSDP does, with replicas across (hybrid sharding),
 * and with less on the wire by ZeRO++.
 */
package dev.braid.parallelism.sharding;
