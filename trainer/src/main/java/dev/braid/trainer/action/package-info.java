/** What the commands do on the driver: they bring config, data, Spark, the training run, checkpoints and reports together. */
package dev.braid.trainer.action;
