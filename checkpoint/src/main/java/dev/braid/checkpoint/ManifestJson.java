package dev.braid.checkpoint;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * The manifest as JSON. Its own checksum stands at a fixed place near the start and covers all of the text, with
 * zeros in that place.
 */
final class ManifestJson {
    private static final String FORMAT = "braid-checkpoint";
    private static final byte[] CHECKSUM = ascii("\"crc32c\":\"");
    private static final byte[] NO_CHECKSUM = ascii("00000000");

    private ManifestJson() {}

    static byte[] write(Manifest manifest) {
        byte[] bytes = SliceJson.write(manifest.files(), json -> {
            json.writeStringField("format", FORMAT);
            json.writeNumberField("version", Manifest.VERSION);
            json.writeStringField("crc32c", new String(NO_CHECKSUM, StandardCharsets.US_ASCII));
            json.writeNumberField("step", manifest.step());
            json.writeNumberField("chunk", Checksums.CHUNK);
            json.writeObjectField("state", manifest.state());
        });
        byte[] checksum = ascii(Checksums.hex(Checksums.of(ByteBuffer.wrap(bytes))));
        System.arraycopy(checksum, 0, bytes, checksumAt(bytes), checksum.length);
        return bytes;
    }

    /** Parses and verifies a manifest. The message of the {@link InvalidFileException} does not yet name the file. */
    static Manifest read(byte[] bytes) throws InvalidFileException {
        JsonNode root = StrictJson.parse(bytes);
        if (!root.path("format").asText().equals(FORMAT)) {
            throw new InvalidFileException(
                    "is not the manifest of a checkpoint: \"format\" must be \"" + FORMAT + "\"");
        }
        // Before the checksum: another version may have another one.
        long version = StrictJson.number(root, "version");
        if (version < Manifest.OLDEST_VERSION || version > Manifest.VERSION) {
            throw new InvalidFileException("has format version " + version + ", but this Braid reads versions "
                    + Manifest.OLDEST_VERSION + " to " + Manifest.VERSION + "; use the Braid that wrote it");
        }
        verify(bytes, StrictJson.text(root, "crc32c"));
        if (StrictJson.number(root, "chunk") != Checksums.CHUNK || !(root.path("state") instanceof ObjectNode state)) {
            throw new InvalidFileException("must have \"chunk\" " + Checksums.CHUNK + " and an object \"state\"");
        }
        return new Manifest(StrictJson.number(root, "step"), SliceJson.readFiles(root), state);
    }

    private static void verify(byte[] bytes, String expected) throws InvalidFileException {
        int at = checksumAt(bytes);
        String found = "none";
        if (at >= 0 && bytes.length >= at + NO_CHECKSUM.length) {
            byte[] open = bytes.clone();
            System.arraycopy(NO_CHECKSUM, 0, open, at, NO_CHECKSUM.length);
            found = Checksums.hex(Checksums.of(ByteBuffer.wrap(open)));
        }
        if (!found.equals(expected)) {
            throw new InvalidFileException("says that its CRC32C is " + expected + ", but it is " + found);
        }
    }

    /** First digit of the checksum; -1 when there is none. */
    private static int checksumAt(byte[] bytes) {
        for (int at = CHECKSUM.length; at <= bytes.length; at++) {
            if (Arrays.equals(bytes, at - CHECKSUM.length, at, CHECKSUM, 0, CHECKSUM.length)) {
                return at;
            }
        }
        return -1;
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }
}
