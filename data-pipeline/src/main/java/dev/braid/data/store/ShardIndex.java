package dev.braid.data.store;

import java.io.Serializable;
import java.util.List;

/**
 * What a folder of prepared data holds ({@code index.json}).
 *
 * @param format version of this layout
 * @param fingerprint of everything that the shards depend on
 * @param tokenizer the word of its kind in the config: byte, bpe or file
 * @param vocabulary number of ids
 * @param endOfText the id that ends each document
 * @param tokenBytes bytes of a token, little-endian unsigned: 2 for vocabularies up to 65536, else 4
 * @param sources one entry per source, in the order of the config
 * @param shards in the order of the streams
 */
public record ShardIndex(
        int format,
        String fingerprint,
        String tokenizer,
        int vocabulary,
        int endOfText,
        int tokenBytes,
        List<SourceStatistics> sources,
        List<Shard> shards) {
    /** The version that this code writes and reads. */
    public static final int FORMAT = 1;

    /** The file that holds the index; a folder without it is not finished. */
    public static final String FILE = "index.json";

    public ShardIndex {
        sources = List.copyOf(sources);
        shards = List.copyOf(shards);
    }

    /** Tokens of one split. */
    public long tokens(Split split) {
        return shards.stream()
                .filter(shard -> shard.split() == split)
                .mapToLong(Shard::tokens)
                .sum();
    }

    /** Bytes of a token for a vocabulary. */
    public static int tokenBytes(int vocabulary) {
        return vocabulary <= 1 << Short.SIZE ? Short.BYTES : Integer.BYTES;
    }

    /**
     * One file of tokens.
     *
     * @param name file name in the folder
     * @param source index of its source
     * @param tokens number of tokens
     * @param bytes size of the file
     * @param crc32c checksum of the file
     */
    public record Shard(String name, int source, Split split, long tokens, long bytes, long crc32c)
            implements Serializable {}

    /**
     * What became of a source.
     *
     * @param path as in the config
     * @param files files read
     * @param documents documents kept, of both splits
     * @param bytes UTF-8 bytes of the documents kept
     * @param characters Unicode characters of the documents kept
     * @param trainTokens tokens for training, ends of text included
     * @param validationTokens tokens for validation, ends of text included
     * @param validationDocuments documents kept for validation
     * @param emptyDocuments documents dropped because they hold nothing but white space
     * @param binaryFiles files and archive entries dropped because they are not text
     * @param repairedDocuments documents kept in which bytes that are not UTF-8 became U+FFFD
     */
    public record SourceStatistics(
            String path,
            long files,
            long documents,
            long bytes,
            long characters,
            long trainTokens,
            long validationTokens,
            long validationDocuments,
            long emptyDocuments,
            long binaryFiles,
            long repairedDocuments) {
        /** Tokens of both splits. */
        public long tokens() {
            return trainTokens + validationTokens;
        }

        /** Mean bytes of text that one token stands for. */
        public double bytesPerToken() {
            return tokens() == 0 ? 0 : (double) bytes / tokens();
        }
    }
}
