package dev.braid.data.tokenizer;

import java.io.ByteArrayOutputStream;
import java.io.InvalidObjectException;
import java.io.ObjectInputStream;
import java.io.ObjectStreamException;
import java.io.Serializable;
import java.nio.charset.StandardCharsets;
import java.text.Normalizer;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** A byte-level BPE, from a {@code tokenizer.json}. Travels as its files. */
public final class BpeTokenizer implements Tokenizer {
    private static final long serialVersionUID = 1L;
    private static final int FEW_WORDS = 64;
    private static final int MANY_WORDS = 1 << 14;

    private final transient BpeModel model;
    private final transient WordSplitter splitter;
    private final transient boolean composed;
    private final transient AddedTokens rawTokens;
    private final transient AddedTokens normalizedTokens;
    private final transient AddedTokens ordinaryRawTokens;
    private final transient AddedTokens ordinaryNormalizedTokens;
    private final transient int endOfText;
    private final transient Map<String, byte[]> files;

    /**
     * Made by {@link TokenizerJson}.
     *
     * @param composed whether text is brought to NFC first
     */
    BpeTokenizer(
            BpeModel model,
            WordSplitter splitter,
            boolean composed,
            List<AddedToken> added,
            int endOfText,
            Map<String, byte[]> files) {
        this.model = model;
        this.splitter = splitter;
        this.composed = composed;
        this.rawTokens = new AddedTokens(added, token -> !token.normalized());
        this.normalizedTokens = new AddedTokens(added, AddedToken::normalized);
        this.ordinaryRawTokens = new AddedTokens(added, token -> !token.normalized() && !token.special());
        this.ordinaryNormalizedTokens = new AddedTokens(added, token -> token.normalized() && !token.special());
        this.endOfText = endOfText;
        this.files = new HashMap<>(files);
    }

    @Override
    public int[] encode(String text) {
        TokenBuffer out = new TokenBuffer();
        BpeEncoder words = new BpeEncoder(model, FEW_WORDS);
        words.into(out);
        encode(text, words, out, rawTokens, normalizedTokens);
        return out.toArray();
    }

    private void encode(String text, BpeEncoder words, TokenBuffer out, AddedTokens raw, AddedTokens normalized) {
        raw.split(
                text,
                part -> normalized.split(
                        composed ? Normalizer.normalize(part, Normalizer.Form.NFC) : part,
                        piece -> {
                            byte[] bytes = Utf8.bytes(piece);
                            splitter.split(bytes, 0, bytes.length, words);
                        },
                        out::add),
                out::add);
    }

    @Override
    public Encoder encoder() {
        BpeEncoder words = new BpeEncoder(model, MANY_WORDS);
        boolean plain = !composed && ordinaryRawTokens.isEmpty() && ordinaryNormalizedTokens.isEmpty();
        return (text, length, out) -> {
            words.into(out);
            if (plain) {
                splitter.split(text, 0, length, words);
            } else {
                String string = new String(text, 0, length, StandardCharsets.UTF_8);
                encode(string, words, out, ordinaryRawTokens, ordinaryNormalizedTokens);
            }
        };
    }

    @Override
    public String decode(int[] ids) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream(ids.length * 4);
        for (int id : ids) {
            byte[] token = id >= 0 && id < model.size() ? model.tokens()[id] : null;
            if (token == null) {
                throw new IllegalArgumentException("no token has the id " + id + "; ids are below " + model.size());
            }
            bytes.writeBytes(token);
        }
        return bytes.toString(StandardCharsets.UTF_8);
    }

    @Override
    public int size() {
        return model.size();
    }

    @Override
    public int endOfText() {
        return endOfText;
    }

    @Override
    public Map<String, byte[]> files() {
        Map<String, byte[]> copies = new HashMap<>();
        files.forEach((name, content) -> copies.put(name, content.clone()));
        return copies;
    }

    @Override
    public String describe() {
        return "byte-level BPE, " + model.size() + " tokens";
    }

    private Object writeReplace() {
        return new Travelling(files.get(TokenizerJson.FILE), files.get(TokenizerJson.CONFIG_FILE));
    }

    private void readObject(ObjectInputStream in) throws ObjectStreamException {
        throw new InvalidObjectException("a tokenizer travels as its files");
    }

    /** The form on the wire. */
    private record Travelling(byte[] json, byte[] config) implements Serializable {
        private Object readResolve() {
            return TokenizerJson.parse("a tokenizer from the driver", json, config);
        }
    }
}
