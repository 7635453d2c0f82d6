/**
 * Model folders as Hugging Face transformers reads and writes them: strict reading of {@code config.json}, which tensor of a folder
 * holds which parameters, and the types {@code llama}, {@code qwen2}, {@code qwen3}. Uses safetensors and Jackson; knows no model
 * class.
 */
package dev.braid.checkpoint.huggingface;
