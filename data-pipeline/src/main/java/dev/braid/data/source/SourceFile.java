package dev.braid.data.source;

/**
 * A file that belongs to a source.
 *
 * @param address full Hadoop address
 * @param name path within the source, by which files are ordered
 * @param bytes size
 * @param modified when it was last changed, in milliseconds since 1970
 */
public record SourceFile(String address, String name, long bytes, long modified) {}
