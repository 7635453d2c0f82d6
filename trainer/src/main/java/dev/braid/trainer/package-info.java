/** The {@code braid} program: config, Spark coordinator, training loop, metrics. */
package dev.braid.trainer;
