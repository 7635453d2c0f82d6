/**
 * Reading and writing of the safetensors format: a JSON header, then raw little-endian tensors. Files may be larger
 * than memory and than 2 GiB. Uses {@code tensor} and Jackson; knows no model.
 */
package dev.braid.checkpoint.safetensors;
