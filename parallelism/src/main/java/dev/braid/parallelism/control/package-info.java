/** What ranks say to each other beside tensors: the handshake, failures, farewells; and how it is written in bytes. */
package dev.braid.parallelism.control;
