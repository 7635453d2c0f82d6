package dev.braid.data;

import dev.braid.config.Choice;
import dev.braid.config.Faults;
import dev.braid.config.Key;
import dev.braid.config.Validated;
import java.util.OptionalInt;

/** How text becomes tokens. */
public sealed interface TokenizerConfig {
    /** Size of the vocabulary; empty where only the file of the tokenizer tells. */
    OptionalInt vocabulary();

    /** One token a byte: id = byte, 256 = end of text, size 257. */
    @Choice("byte")
    record Bytes() implements TokenizerConfig {
        private static final int TOKENS = 257;

        @Override
        public OptionalInt vocabulary() {
            return OptionalInt.of(TOKENS);
        }
    }

    /** Byte-level BPE trained on the sources: 256 bytes, the merges, and the end of text as the last id. */
    @Choice("bpe")
    record Bpe(
            @Key("Size of the vocabulary, with the 256 bytes and the end of text")
            int vocab) implements TokenizerConfig, Validated {
        private static final int LEAST = 257;
        private static final int MOST = 1_000_000;

        @Override
        public OptionalInt vocabulary() {
            return OptionalInt.of(vocab);
        }

        @Override
        public void validate(Faults faults) {
            if (vocab < LEAST || vocab > MOST) {
                faults.add(
                        "vocab",
                        vocab + " is out of range; allowed are 257 (256 bytes and the end of text) to 1000000",
                        "write vocab: 4096");
            }
        }
    }

    /** An existing byte-level BPE {@code tokenizer.json}, as of GPT-2, Llama 3, Qwen or Braid. */
    @Choice("file")
    record File(
            @Key("A tokenizer.json, or the folder that holds it")
            String path) implements TokenizerConfig, Validated {
        @Override
        public OptionalInt vocabulary() {
            return OptionalInt.empty();
        }

        @Override
        public void validate(Faults faults) {
            if (path.isBlank()) {
                faults.add("path", "is empty; a tokenizer.json or its folder is needed", "");
            }
        }
    }
}
