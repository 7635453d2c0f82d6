package dev.braid.checkpoint;

import java.util.List;

/**
 * A small file that is kept inside a checkpoint, such as the tokenizer.
 *
 * @param name its name
 * @param offset first byte in the file of slices
 * @param bytes its size
 * @param checksums CRC32C of each {@link Checksums#CHUNK} bytes, the last one shorter
 */
public record Attachment(String name, long offset, long bytes, List<Integer> checksums) {}
