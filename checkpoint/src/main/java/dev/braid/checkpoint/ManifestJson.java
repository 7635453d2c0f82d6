package dev.braid.checkpoint;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.braid.tensor.DType;
import dev.braid.tensor.Shape;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The manifest as JSON. Its own checksum stands at a fixed place near the start and covers all of the text, with
 * zeros in that place.
 */
final class ManifestJson {
    private static final String FORMAT = "braid-checkpoint";
    private static final String CHECKSUM = "\"crc32c\":\"";
    private static final String NO_CHECKSUM = "00000000";

    private static final ObjectMapper JSON = JsonMapper.builder(JsonFactory.builder()
                    .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                    .streamReadConstraints(StreamReadConstraints.builder()
                            .maxStringLength(Integer.MAX_VALUE)
                            .build())
                    .build())
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    private ManifestJson() {}

    static byte[] write(Manifest manifest) {
        ObjectNode root = JsonNodeFactory.instance.objectNode();
        root.put("format", FORMAT);
        root.put("version", Manifest.VERSION);
        root.put("crc32c", NO_CHECKSUM);
        root.put("step", manifest.step());
        root.put("chunk", Checksums.CHUNK);
        root.set("state", manifest.state());
        root.putArray("files");
        manifest.files().forEach(file -> root.withArray("files").add(write(file)));
        String text = root.toString();
        int at = text.indexOf(CHECKSUM) + CHECKSUM.length();
        String checksum = Checksums.hex(Checksums.of(ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8))));
        String sealed = text.substring(0, at) + checksum + text.substring(at + checksum.length());
        return sealed.getBytes(StandardCharsets.UTF_8);
    }

    static ObjectNode write(SliceFile file) {
        ObjectNode node = JsonNodeFactory.instance.objectNode();
        node.put("name", file.name()).put("bytes", file.bytes());
        node.putArray("slices");
        node.putArray("attachments");
        for (Slice slice : file.slices()) {
            ObjectNode entry = node.withArray("slices").addObject();
            entry.put("tensor", slice.tensor()).put("dtype", slice.dtype().name());
            entry.putArray("shape");
            for (long extent : slice.shape().toArray()) {
                entry.withArray("shape").add(extent);
            }
            entry.put("from", slice.from()).put("to", slice.to()).put("offset", slice.offset());
            writeChecksums(entry, slice.checksums());
        }
        for (Attachment attachment : file.attachments()) {
            ObjectNode entry = node.withArray("attachments").addObject();
            entry.put("name", attachment.name());
            entry.put("offset", attachment.offset()).put("bytes", attachment.bytes());
            writeChecksums(entry, attachment.checksums());
        }
        return node;
    }

    private static void writeChecksums(ObjectNode entry, List<Integer> checksums) {
        entry.putArray("crc32c");
        checksums.forEach(checksum -> entry.withArray("crc32c").add(Checksums.hex(checksum)));
    }

    /** Parses and verifies a manifest. The message of the {@link InvalidFileException} does not yet name the file. */
    static Manifest read(byte[] bytes) throws InvalidFileException {
        String text = new String(bytes, StandardCharsets.UTF_8);
        JsonNode root;
        try {
            root = JSON.readTree(text);
        } catch (JsonProcessingException problem) {
            throw new InvalidFileException("is not valid JSON: " + problem.getOriginalMessage(), problem);
        }
        if (!root.path("format").asText().equals(FORMAT)) {
            throw new InvalidFileException(
                    "is not the manifest of a checkpoint: \"format\" must be \"" + FORMAT + "\"");
        }
        // Before the checksum: another version may have another one.
        long version = number(root, "version");
        if (version != Manifest.VERSION) {
            throw new InvalidFileException("has format version " + version + ", but this Braid reads version "
                    + Manifest.VERSION + "; use the Braid that wrote it");
        }
        verify(text, text(root, "crc32c"));
        if (number(root, "chunk") != Checksums.CHUNK || !(root.path("state") instanceof ObjectNode state)) {
            throw new InvalidFileException("must have \"chunk\" " + Checksums.CHUNK + " and an object \"state\"");
        }
        List<SliceFile> files = new ArrayList<>();
        for (JsonNode file : array(root, "files")) {
            files.add(readFile(file));
        }
        return new Manifest(number(root, "step"), List.copyOf(files), state);
    }

    private static void verify(String text, String expected) throws InvalidFileException {
        int at = text.indexOf(CHECKSUM) + CHECKSUM.length();
        String found = "none";
        if (at >= CHECKSUM.length() && text.length() >= at + NO_CHECKSUM.length()) {
            String open = text.substring(0, at) + NO_CHECKSUM + text.substring(at + NO_CHECKSUM.length());
            found = Checksums.hex(Checksums.of(ByteBuffer.wrap(open.getBytes(StandardCharsets.UTF_8))));
        }
        if (!found.equals(expected)) {
            throw new InvalidFileException("says that its CRC32C is " + expected + ", but it is " + found);
        }
    }

    static SliceFile readFile(JsonNode node) throws InvalidFileException {
        List<Slice> slices = new ArrayList<>();
        for (JsonNode entry : array(node, "slices")) {
            slices.add(readSlice(entry));
        }
        List<Attachment> attachments = new ArrayList<>();
        for (JsonNode entry : array(node, "attachments")) {
            attachments.add(new Attachment(
                    text(entry, "name"), number(entry, "offset"), number(entry, "bytes"), checksums(entry)));
        }
        return new SliceFile(text(node, "name"), number(node, "bytes"), List.copyOf(slices), List.copyOf(attachments));
    }

    private static Slice readSlice(JsonNode node) throws InvalidFileException {
        JsonNode array = array(node, "shape");
        long[] extents = new long[array.size()];
        for (int i = 0; i < extents.length; i++) {
            extents[i] = array.get(i).longValue();
        }
        return new Slice(
                text(node, "tensor"),
                dtype(text(node, "dtype")),
                Shape.of(extents),
                number(node, "from"),
                number(node, "to"),
                number(node, "offset"),
                checksums(node));
    }

    private static DType dtype(String name) throws InvalidFileException {
        for (DType dtype : DType.values()) {
            if (dtype.name().equals(name)) {
                return dtype;
            }
        }
        throw new InvalidFileException(
                "has a tensor of dtype " + name + "; known are " + Arrays.toString(DType.values()));
    }

    private static List<Integer> checksums(JsonNode node) throws InvalidFileException {
        List<Integer> result = new ArrayList<>();
        for (JsonNode entry : array(node, "crc32c")) {
            try {
                result.add(Integer.parseUnsignedInt(entry.asText(), 16));
            } catch (NumberFormatException problem) {
                throw new InvalidFileException("has a checksum " + entry + " that is not hexadecimal", problem);
            }
        }
        return List.copyOf(result);
    }

    private static JsonNode array(JsonNode node, String key) throws InvalidFileException {
        if (!node.path(key).isArray()) {
            throw new InvalidFileException("must have an array \"" + key + "\"");
        }
        return node.get(key);
    }

    private static String text(JsonNode node, String key) throws InvalidFileException {
        if (!node.path(key).isTextual()) {
            throw new InvalidFileException("must have a string \"" + key + "\"");
        }
        return node.get(key).textValue();
    }

    private static long number(JsonNode node, String key) throws InvalidFileException {
        if (!node.path(key).isIntegralNumber() || !node.get(key).canConvertToLong()) {
            throw new InvalidFileException("must have an integer \"" + key + "\"");
        }
        return node.get(key).longValue();
    }
}
