package dev.braid.data.tokenizer;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;

/** One token a byte: the id is the byte, and 256 is the end of text. */
public record ByteTokenizer() implements Tokenizer {
    private static final int END_OF_TEXT = 256;

    @Override
    public int[] encode(String text) {
        TokenBuffer out = new TokenBuffer();
        String special = TokenizerJson.END_OF_TEXT;
        int done = 0;
        for (int at = text.indexOf(special); at >= 0; at = text.indexOf(special, done)) {
            encodePlain(text.substring(done, at), out);
            out.add(END_OF_TEXT);
            done = at + special.length();
        }
        encodePlain(text.substring(done), out);
        return out.toArray();
    }

    private static void encodePlain(String text, TokenBuffer out) {
        byte[] bytes = Utf8.bytes(text);
        encodeBytes(bytes, bytes.length, out);
    }

    private static void encodeBytes(byte[] text, int length, TokenBuffer out) {
        for (int index = 0; index < length; index++) {
            out.add(text[index] & 0xFF);
        }
    }

    @Override
    public String decode(int[] ids) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream(ids.length);
        for (int id : ids) {
            if (id == END_OF_TEXT) {
                bytes.writeBytes(TokenizerJson.END_OF_TEXT.getBytes(StandardCharsets.UTF_8));
            } else if (id >= 0 && id < END_OF_TEXT) {
                bytes.write(id);
            } else {
                throw new IllegalArgumentException("no token has the id " + id + "; ids are below " + size());
            }
        }
        return bytes.toString(StandardCharsets.UTF_8);
    }

    @Override
    public int size() {
        return END_OF_TEXT + 1;
    }

    @Override
    public int endOfText() {
        return END_OF_TEXT;
    }

    @Override
    public Encoder encoder() {
        return ByteTokenizer::encodeBytes;
    }

    @Override
    public Map<String, byte[]> files() {
        return TokenizerWriter.files(List.of());
    }

    @Override
    public String describe() {
        return "bytes, 257 tokens";
    }
}
