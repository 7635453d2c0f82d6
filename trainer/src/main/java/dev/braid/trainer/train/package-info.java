/** What one rank does: training steps, validation, checkpoints, scoring and sampling. Knows no Spark. */
package dev.braid.trainer.train;
