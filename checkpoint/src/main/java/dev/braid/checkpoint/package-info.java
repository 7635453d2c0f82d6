/** Checkpoints as slices of named tensors, and exchange with Hugging Face folders. */
package dev.braid.checkpoint;
