/** The {@code braid} command line: what can be typed, how it is checked, and how it is refused. It loads nothing of Spark. */
package dev.braid.trainer.cli;
