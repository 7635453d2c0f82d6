/**
 * Starts Spark, runs one program on every rank of a barrier stage, and carries events, commands and failures between the
 * ranks and the driver. The only package of the trainer, beside data preparation, that talks to Spark.
 */
package dev.braid.trainer.spark;
