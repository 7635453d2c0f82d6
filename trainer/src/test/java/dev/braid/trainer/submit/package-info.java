/** Tests of the packaged program on a real Spark; they run after packaging, by the tag {@code submit}. */
package dev.braid.trainer.submit;
