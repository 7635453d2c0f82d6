/** Optimizers, learning-rate schedules and gradient clipping over named parameters. */
package dev.braid.optimizers;
