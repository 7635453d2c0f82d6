package dev.braid.data.tokenizer;

import java.io.Serializable;
import java.util.Map;

/** Text to token ids and back. Immutable: any thread may call any method. */
public interface Tokenizer extends Serializable {
    /**
     * The ids of a text, with no token added before or after. Special tokens that are spelt out in the text become their ids,
     * exactly as Hugging Face's library encodes with {@code add_special_tokens=False}.
     */
    int[] encode(String text);

    /** The text of the ids, special tokens spelt out; bytes that are not UTF-8 become U+FFFD. */
    String decode(int[] ids);

    /** Number of ids: every id is in {@code [0, size)}. */
    int size();

    /** The id that ends a document. */
    int endOfText();

    /** An encoder for much text, with a cache of its own; to be used by one thread. */
    Encoder encoder();

    /** The files by which Hugging Face's libraries load it: {@code tokenizer.json} and {@code tokenizer_config.json}. */
    Map<String, byte[]> files();

    /** One line for people: kind and size. */
    String describe();
}
