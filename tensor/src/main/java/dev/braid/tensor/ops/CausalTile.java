package dev.braid.tensor.ops;

/**
 * A strip of channels of one sequence, and room to work on some of its tokens.
 *
 * @param scratch address of this core's room
 */
record CausalTile(long scratch, int sequence, int firstChannel, int channels) {}
