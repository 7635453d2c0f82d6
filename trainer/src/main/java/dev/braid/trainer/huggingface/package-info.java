/**
 * Braid's models as the types of Hugging Face transformers and of flash-linear-attention, and back: one class a type. Uses models and
 * checkpoint, which do not know each other.
 */
package dev.braid.trainer.huggingface;
