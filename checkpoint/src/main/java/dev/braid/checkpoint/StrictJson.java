package dev.braid.checkpoint;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** Reads JSON of which every key must be there once and of its kind; messages do not yet name the file. */
final class StrictJson {
    /** Reads and writes; duplicate keys and anything behind the end are faults. */
    static final ObjectMapper JSON = JsonMapper.builder(JsonFactory.builder()
                    .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                    .streamReadConstraints(StreamReadConstraints.builder()
                            .maxStringLength(Integer.MAX_VALUE)
                            .build())
                    .build())
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    private StrictJson() {}

    static JsonNode parse(byte[] bytes) throws InvalidFileException {
        try {
            return JSON.readTree(bytes);
        } catch (JsonProcessingException problem) {
            throw new InvalidFileException("is not valid JSON: " + problem.getOriginalMessage(), problem);
        } catch (IOException problem) {
            throw new InvalidFileException("is not valid JSON: " + problem.getMessage(), problem);
        }
    }

    static JsonNode array(JsonNode node, String key) throws InvalidFileException {
        if (!node.path(key).isArray()) {
            throw new InvalidFileException("must have an array \"" + key + "\"");
        }
        return node.get(key);
    }

    static String text(JsonNode node, String key) throws InvalidFileException {
        if (!node.path(key).isTextual()) {
            throw new InvalidFileException("must have a string \"" + key + "\"");
        }
        return node.get(key).textValue();
    }

    static long number(JsonNode node, String key) throws InvalidFileException {
        if (!isLong(node.path(key))) {
            throw new InvalidFileException("must have an integer \"" + key + "\"");
        }
        return node.get(key).longValue();
    }

    static boolean truth(JsonNode node, String key) throws InvalidFileException {
        if (!node.path(key).isBoolean()) {
            throw new InvalidFileException("must have true or false as \"" + key + "\"");
        }
        return node.get(key).booleanValue();
    }

    /** The integers of the array {@code key}. */
    static List<Long> numbers(JsonNode node, String key) throws InvalidFileException {
        List<Long> result = new ArrayList<>();
        for (JsonNode entry : array(node, key)) {
            if (!isLong(entry)) {
                throw new InvalidFileException("must have an array of integers \"" + key + "\"");
            }
            result.add(entry.longValue());
        }
        return result;
    }

    static boolean isLong(JsonNode node) {
        return node.isIntegralNumber() && node.canConvertToLong();
    }
}
