package dev.braid.data.tokenizer;

/** Encodes documents one after another. Not safe for several threads. */
@FunctionalInterface
public interface Encoder {
    /**
     * Appends the ids of a document. Text that spells a special token is encoded as ordinary text here, so that a document can't
     * forge the end of a text.
     *
     * @param text UTF-8, valid
     * @param length bytes of {@code text} that count
     */
    void encode(byte[] text, int length, TokenBuffer out);
}
