/** Byte-level tokenizers: encoding, decoding, training, and the files that Hugging Face's libraries read. Knows no Spark. */
package dev.braid.data.tokenizer;
