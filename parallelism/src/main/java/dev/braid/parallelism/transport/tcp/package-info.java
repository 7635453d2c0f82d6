/** Frames over plain TCP sockets, without threads of its own: the honest baseline, and a way through where UDP is blocked. */
package dev.braid.parallelism.transport.tcp;
