/**
 * Decoders: mixers and feed-forwards as the two seams of a block, arranged by a pattern. Written on the tape, ignorant of the
 * cluster.
 */
package dev.braid.models;
