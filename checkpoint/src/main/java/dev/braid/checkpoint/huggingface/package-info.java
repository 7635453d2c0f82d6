/**
 * Model folders as Hugging Face transformers reads and writes them: types {@code llama}, {@code qwen2}, {@code qwen3}.
 * Uses safetensors and Jackson; describes a model by a record of its own and knows no model class.
 */
package dev.braid.checkpoint.huggingface;
