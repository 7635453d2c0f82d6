package dev.braid.checkpoint.safetensors;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.braid.checkpoint.InvalidFileException;
import dev.braid.tensor.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The parsed and checked header of a safetensors file.
 *
 * @param tensors by name, in the order of their data
 * @param metadata the strings under {@code __metadata__}
 */
record Header(Map<String, TensorInfo> tensors, Map<String, String> metadata) {
    static final String METADATA = "__metadata__";

    private static final ObjectMapper JSON = JsonMapper.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    /** Parses {@code text}, the header of {@code file} that is followed by {@code dataBytes} bytes of data. */
    static Header parse(String file, String text, long dataBytes) throws InvalidFileException {
        JsonNode root;
        try {
            root = JSON.readTree(text);
        } catch (JsonProcessingException problem) {
            throw fault(file, "its header is not valid JSON: " + problem.getOriginalMessage());
        }
        if (!root.isObject()) {
            throw fault(file, "its header must be a JSON object of tensors");
        }
        Map<String, String> metadata = new LinkedHashMap<>();
        List<TensorInfo> tensors = new ArrayList<>();
        for (Map.Entry<String, JsonNode> entry : root.properties()) {
            if (entry.getKey().equals(METADATA)) {
                readMetadata(file, entry.getValue(), metadata);
            } else {
                tensors.add(readTensor(file, entry.getKey(), entry.getValue()));
            }
        }
        tensors.sort(Comparator.comparingLong(TensorInfo::begin).thenComparingLong(TensorInfo::end));
        requireCovered(file, tensors, dataBytes);
        Map<String, TensorInfo> named = new LinkedHashMap<>();
        tensors.forEach(tensor -> named.put(tensor.name(), tensor));
        return new Header(Collections.unmodifiableMap(named), Collections.unmodifiableMap(metadata));
    }

    private static void readMetadata(String file, JsonNode node, Map<String, String> into) throws InvalidFileException {
        if (!node.isObject()) {
            throw fault(file, METADATA + " must be an object of strings");
        }
        for (Map.Entry<String, JsonNode> entry : node.properties()) {
            if (!entry.getValue().isTextual()) {
                throw fault(file, METADATA + " key \"" + entry.getKey() + "\" must be a string");
            }
            into.put(entry.getKey(), entry.getValue().textValue());
        }
    }

    private static TensorInfo readTensor(String file, String name, JsonNode node) throws InvalidFileException {
        if (!node.isObject()) {
            throw fault(file, name, "its entry must be an object with dtype, shape and data_offsets");
        }
        ElementType type = readType(file, name, node.path("dtype"));
        Shape shape = readShape(file, name, node.path("shape"));
        JsonNode offsets = node.path("data_offsets");
        if (!offsets.isArray() || offsets.size() != 2 || !isSize(offsets.get(0)) || !isSize(offsets.get(1))) {
            throw fault(file, name, "data_offsets must be two integers of 0 or more, but is " + shown(offsets));
        }
        long begin = offsets.get(0).longValue();
        long end = offsets.get(1).longValue();
        long bytes = byteCount(file, name, type, shape);
        if (end < begin || end - begin != bytes) {
            throw fault(
                    file,
                    name,
                    "data_offsets [" + begin + ", " + end + "] must span " + bytes + " bytes, as " + type + " " + shape
                            + " needs");
        }
        return new TensorInfo(name, type, shape, begin, end);
    }

    private static ElementType readType(String file, String name, JsonNode node) throws InvalidFileException {
        for (ElementType type : ElementType.values()) {
            if (node.isTextual() && type.name().equals(node.textValue())) {
                return type;
            }
        }
        throw fault(
                file,
                name,
                "dtype " + shown(node) + " is not known; the format has " + Arrays.toString(ElementType.values()));
    }

    private static Shape readShape(String file, String name, JsonNode node) throws InvalidFileException {
        boolean valid = node.isArray();
        long[] extents = new long[node.size()];
        for (int i = 0; valid && i < extents.length; i++) {
            valid = isSize(node.get(i));
            extents[i] = node.get(i).longValue();
        }
        if (!valid) {
            throw fault(file, name, "shape must be an array of integers of 0 or more, but is " + shown(node));
        }
        try {
            return Shape.of(extents);
        } catch (ArithmeticException overflow) {
            throw fault(file, name, "shape " + Arrays.toString(extents) + " has more elements than a file can hold");
        }
    }

    private static long byteCount(String file, String name, ElementType type, Shape shape) throws InvalidFileException {
        long bits;
        try {
            bits = Math.multiplyExact(shape.count(), (long) type.bits());
        } catch (ArithmeticException overflow) {
            throw fault(file, name, "shape " + shape + " has more elements than a file can hold");
        }
        if (bits % 8 != 0) {
            throw fault(file, name, type + " " + shape + " does not fill whole bytes");
        }
        return bits / 8;
    }

    private static void requireCovered(String file, List<TensorInfo> tensors, long dataBytes)
            throws InvalidFileException {
        long at = 0;
        for (TensorInfo tensor : tensors) {
            if (tensor.begin() < at) {
                throw fault(
                        file,
                        tensor.name(),
                        "its data starts at " + tensor.begin() + ", inside another tensor's that ends at " + at);
            }
            if (tensor.begin() > at) {
                throw fault(
                        file,
                        tensor.name(),
                        "its data starts at " + tensor.begin() + ", which leaves a hole after " + at);
            }
            at = tensor.end();
        }
        if (at != dataBytes) {
            throw fault(
                    file,
                    "its tensors take " + at + " bytes, but " + dataBytes + " bytes follow the header"
                            + (at > dataBytes ? ": the file is cut short" : ""));
        }
    }

    private static boolean isSize(JsonNode node) {
        return node.isIntegralNumber() && node.canConvertToLong() && node.longValue() >= 0;
    }

    private static String shown(JsonNode node) {
        return node.isMissingNode() ? "missing" : node.toString();
    }

    private static InvalidFileException fault(String file, String tensor, String problem) {
        return fault(file, "tensor \"" + tensor + "\": " + problem);
    }

    private static InvalidFileException fault(String file, String problem) {
        return new InvalidFileException(file + " is not a valid safetensors file: " + problem);
    }
}
