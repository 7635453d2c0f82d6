/** What ranks say to each other beside tensors: the handshake, failures, farewells. */
package dev.braid.parallelism.control;
