package dev.braid.checkpoint;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.databind.JsonNode;
import dev.braid.tensor.DType;
import dev.braid.tensor.Shape;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Lists of slices as JSON. A large run has hundreds of thousands of slices, so a tensor's name, dtype and shape stand once,
 * in the array {@code tensors}, and a slice is an array of its own: the tensor's place there, from, to, offset, all
 * checksums as hexadecimal digits, and for a band that is not all columns its first column and its width.
 *
 * <p>Version 1 of the manifest had an object per slice, always of all columns; it is read, but no longer written.
 */
final class SliceJson {
    private static final int HEX_DIGITS = 8;

    private SliceJson() {}

    /** What all slices of a tensor have in common. */
    private record Described(String name, DType dtype, Shape shape) {
        static Described of(Slice slice) {
            return new Described(slice.tensor(), slice.dtype(), slice.shape());
        }
    }

    /** Writes the keys that come before the slices. */
    @FunctionalInterface
    interface Head {
        void write(JsonGenerator json) throws IOException;
    }

    /** An object of what {@code head} writes, {@code tensors} and {@code files}, in UTF-8. */
    static byte[] write(List<SliceFile> files, Head head) {
        Map<Described, Integer> places = new LinkedHashMap<>();
        for (SliceFile file : files) {
            file.slices().forEach(slice -> places.putIfAbsent(Described.of(slice), places.size()));
        }
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (JsonGenerator json = StrictJson.JSON.getFactory().createGenerator(bytes)) {
            json.writeStartObject();
            head.write(json);
            json.writeArrayFieldStart("tensors");
            for (Described tensor : places.keySet()) {
                writeTensor(json, tensor);
            }
            json.writeEndArray();
            json.writeArrayFieldStart("files");
            for (SliceFile file : files) {
                writeFile(json, file, places);
            }
            json.writeEndArray();
            json.writeEndObject();
        } catch (IOException problem) {
            throw new UncheckedIOException("cannot put slices into JSON", problem);
        }
        return bytes.toByteArray();
    }

    private static void writeTensor(JsonGenerator json, Described tensor) throws IOException {
        long[] extents = tensor.shape().toArray();
        json.writeStartObject();
        json.writeStringField("name", tensor.name());
        json.writeStringField("dtype", tensor.dtype().name());
        json.writeFieldName("shape");
        json.writeArray(extents, 0, extents.length);
        json.writeEndObject();
    }

    private static void writeFile(JsonGenerator json, SliceFile file, Map<Described, Integer> places)
            throws IOException {
        json.writeStartObject();
        json.writeStringField("name", file.name());
        json.writeNumberField("bytes", file.bytes());
        json.writeArrayFieldStart("slices");
        for (Slice slice : file.slices()) {
            json.writeStartArray();
            json.writeNumber(places.get(Described.of(slice)));
            json.writeNumber(slice.from());
            json.writeNumber(slice.to());
            json.writeNumber(slice.offset());
            json.writeString(hex(slice.checksums()));
            if (!slice.band().isAll(slice.shape())) {
                json.writeNumber(slice.band().first());
                json.writeNumber(slice.band().columns());
            }
            json.writeEndArray();
        }
        json.writeEndArray();
        json.writeArrayFieldStart("attachments");
        for (Attachment attachment : file.attachments()) {
            json.writeStartObject();
            json.writeStringField("name", attachment.name());
            json.writeNumberField("offset", attachment.offset());
            json.writeNumberField("bytes", attachment.bytes());
            json.writeStringField("crc32c", hex(attachment.checksums()));
            json.writeEndObject();
        }
        json.writeEndArray();
        json.writeEndObject();
    }

    private static String hex(List<Integer> checksums) {
        StringBuilder text = new StringBuilder(HEX_DIGITS * checksums.size());
        checksums.forEach(checksum -> text.append(Checksums.hex(checksum)));
        return text.toString();
    }

    /** The files of an object that {@link #write} wrote, or of a manifest of version 1. */
    static List<SliceFile> readFiles(JsonNode root) throws InvalidFileException {
        List<Described> tensors = new ArrayList<>();
        if (root.has("tensors")) {
            for (JsonNode tensor : StrictJson.array(root, "tensors")) {
                tensors.add(readTensor(tensor, "name"));
            }
        }
        List<SliceFile> files = new ArrayList<>();
        for (JsonNode file : StrictJson.array(root, "files")) {
            files.add(readFile(file, tensors));
        }
        return List.copyOf(files);
    }

    private static Described readTensor(JsonNode node, String nameKey) throws InvalidFileException {
        String name = StrictJson.text(node, nameKey);
        List<Long> extents = StrictJson.numbers(node, "shape");
        try {
            Shape shape = Shape.of(extents.stream().mapToLong(Long::longValue).toArray());
            return new Described(name, dtype(StrictJson.text(node, "dtype")), shape);
        } catch (IllegalArgumentException | ArithmeticException problem) {
            throw new InvalidFileException("has tensor \"" + name + "\" of an impossible shape " + extents, problem);
        }
    }

    private static SliceFile readFile(JsonNode node, List<Described> tensors) throws InvalidFileException {
        List<Slice> slices = new ArrayList<>();
        for (JsonNode entry : StrictJson.array(node, "slices")) {
            slices.add(entry.isArray() ? readSlice(entry, tensors) : readSliceOfVersion1(entry));
        }
        List<Attachment> attachments = new ArrayList<>();
        for (JsonNode entry : StrictJson.array(node, "attachments")) {
            attachments.add(new Attachment(
                    StrictJson.text(entry, "name"),
                    StrictJson.number(entry, "offset"),
                    StrictJson.number(entry, "bytes"),
                    checksums(entry.path("crc32c"))));
        }
        return new SliceFile(
                StrictJson.text(node, "name"),
                StrictJson.number(node, "bytes"),
                List.copyOf(slices),
                List.copyOf(attachments));
    }

    private static Slice readSlice(JsonNode node, List<Described> tensors) throws InvalidFileException {
        boolean banded = node.size() == 7;
        boolean whole = node.size() == 5 || banded;
        for (int i = 0; whole && i < node.size(); i++) {
            whole = i == 4 ? node.get(i).isTextual() : StrictJson.isLong(node.get(i));
        }
        long place = node.path(0).longValue();
        if (!whole || place < 0 || place >= tensors.size()) {
            throw new InvalidFileException("has a slice " + node + ", which must be [tensor (below " + tensors.size()
                    + "), from, to, offset, \"checksums\"] with or without [first column, columns]");
        }
        Described tensor = tensors.get((int) place);
        return new Slice(
                tensor.name(),
                tensor.dtype(),
                tensor.shape(),
                banded ? band(node.get(5).longValue(), node.get(6).longValue()) : Band.all(tensor.shape()),
                node.get(1).longValue(),
                node.get(2).longValue(),
                node.get(3).longValue(),
                checksums(node.get(4)));
    }

    private static Slice readSliceOfVersion1(JsonNode node) throws InvalidFileException {
        Described tensor = readTensor(node, "tensor");
        return new Slice(
                tensor.name(),
                tensor.dtype(),
                tensor.shape(),
                Band.all(tensor.shape()),
                StrictJson.number(node, "from"),
                StrictJson.number(node, "to"),
                StrictJson.number(node, "offset"),
                checksums(node.path("crc32c")));
    }

    private static Band band(long first, long columns) throws InvalidFileException {
        try {
            return new Band(first, columns);
        } catch (IllegalArgumentException problem) {
            throw new InvalidFileException("has " + problem.getMessage(), problem);
        }
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

    /** One text of all digits; in version 1 an array of texts of eight digits. */
    private static List<Integer> checksums(JsonNode node) throws InvalidFileException {
        StringBuilder digits = new StringBuilder();
        if (node.isArray()) {
            node.forEach(entry -> digits.append(entry.asText()));
        } else {
            digits.append(node.asText());
        }
        List<Integer> result = new ArrayList<>();
        try {
            for (int at = 0; at < digits.length(); at += HEX_DIGITS) {
                result.add(Integer.parseUnsignedInt(digits, at, at + HEX_DIGITS, 16));
            }
        } catch (NumberFormatException | IndexOutOfBoundsException problem) {
            throw new InvalidFileException(
                    "has checksums " + node + " that are not groups of " + HEX_DIGITS + " hexadecimal digits", problem);
        }
        return List.copyOf(result);
    }
}
