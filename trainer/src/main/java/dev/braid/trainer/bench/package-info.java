/** Measures collectives between ranks: threads of this JVM, or JVMs of their own on this host. Uses no Spark. */
package dev.braid.trainer.bench;
