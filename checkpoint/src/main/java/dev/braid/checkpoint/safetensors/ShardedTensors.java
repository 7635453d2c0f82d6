package dev.braid.checkpoint.safetensors;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.braid.checkpoint.InvalidFileException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The tensors of a folder: of {@code model.safetensors}, or of all files that {@code model.safetensors.index.json}
 * names. Any thread may read.
 */
public final class ShardedTensors implements AutoCloseable {
    static final String INDEX = "model.safetensors.index.json";

    private final List<SafetensorsFile> files;
    private final Map<String, SafetensorsFile> fileOf;

    private ShardedTensors(List<SafetensorsFile> files, Map<String, SafetensorsFile> fileOf) {
        this.files = files;
        this.fileOf = fileOf;
    }

    /**
     * Opens the tensors of {@code folder}. Throws {@link InvalidFileException} that names what is missing or does not
     * fit.
     */
    public static ShardedTensors open(Path folder) throws IOException {
        Path index = folder.resolve(INDEX);
        if (Files.exists(index)) {
            return openSharded(folder, index);
        }
        Path single = folder.resolve("model.safetensors");
        if (!Files.exists(single)) {
            throw new InvalidFileException(folder + " has neither model.safetensors nor " + INDEX
                    + (Files.exists(folder.resolve("pytorch_model.bin"))
                            ? "; pytorch_model.bin is not read: save the model as safetensors"
                            : ""));
        }
        SafetensorsFile file = SafetensorsFile.open(single);
        Map<String, SafetensorsFile> fileOf = new LinkedHashMap<>();
        file.tensors().keySet().forEach(name -> fileOf.put(name, file));
        return new ShardedTensors(List.of(file), Collections.unmodifiableMap(fileOf));
    }

    private static ShardedTensors openSharded(Path folder, Path index) throws IOException {
        Map<String, String> weightMap = readIndex(index);
        Map<String, SafetensorsFile> opened = new TreeMap<>();
        try {
            for (String name : weightMap.values()) {
                if (!opened.containsKey(name)) {
                    opened.put(name, openShard(folder, index, name));
                }
            }
            requireSameTensors(index, weightMap, opened);
        } catch (IOException | RuntimeException problem) {
            closeAll(opened.values(), problem);
            throw problem;
        }
        Map<String, SafetensorsFile> fileOf = new LinkedHashMap<>();
        opened.values().forEach(file -> file.tensors().keySet().forEach(name -> fileOf.put(name, file)));
        return new ShardedTensors(List.copyOf(opened.values()), Collections.unmodifiableMap(fileOf));
    }

    private static Map<String, String> readIndex(Path index) throws IOException {
        JsonNode root;
        try {
            root = new ObjectMapper().readTree(Files.readAllBytes(index));
        } catch (JsonProcessingException problem) {
            throw new InvalidFileException(index + " is not valid JSON: " + problem.getOriginalMessage(), problem);
        }
        JsonNode map = root.path("weight_map");
        if (!map.isObject() || map.isEmpty()) {
            throw new InvalidFileException(index + " has no object \"weight_map\" from tensor names to files");
        }
        Map<String, String> result = new LinkedHashMap<>();
        for (Map.Entry<String, JsonNode> entry : map.properties()) {
            if (!entry.getValue().isTextual()) {
                throw new InvalidFileException(
                        index + ": weight_map key \"" + entry.getKey() + "\" must be the name of a file");
            }
            result.put(entry.getKey(), entry.getValue().textValue());
        }
        return result;
    }

    private static SafetensorsFile openShard(Path folder, Path index, String name) throws IOException {
        // The index is foreign input: a name with a path in it could reach outside of the folder.
        if (name.isEmpty() || name.contains("/") || name.contains("\\") || name.equals("..")) {
            throw new InvalidFileException(index + " names the file \"" + name + "\", which is not a plain file name");
        }
        if (!Files.exists(folder.resolve(name))) {
            throw new InvalidFileException(index + " names the file " + name + ", which is missing in " + folder);
        }
        return SafetensorsFile.open(folder.resolve(name));
    }

    private static void requireSameTensors(
            Path index, Map<String, String> weightMap, Map<String, SafetensorsFile> opened)
            throws InvalidFileException {
        List<String> problems = new ArrayList<>();
        weightMap.forEach((tensor, file) -> {
            if (!opened.get(file).tensors().containsKey(tensor)) {
                problems.add("\"" + tensor + "\" is not in " + file);
            }
        });
        opened.forEach((file, shard) -> shard.tensors().keySet().forEach(tensor -> {
            if (!file.equals(weightMap.get(tensor))) {
                problems.add("\"" + tensor + "\" is in " + file + " but the index does not say so");
            }
        }));
        if (!problems.isEmpty()) {
            throw new InvalidFileException(index + " does not fit its files: " + String.join("; ", problems));
        }
    }

    private static void closeAll(Iterable<SafetensorsFile> files, Exception problem) {
        for (SafetensorsFile file : files) {
            try {
                file.close();
            } catch (IOException second) {
                problem.addSuppressed(second);
            }
        }
    }

    /** For each tensor the file that holds it, file by file in the order of their data. Unmodifiable. */
    public Map<String, SafetensorsFile> tensors() {
        return fileOf;
    }

    /** The file that holds {@code name}. Throws {@link IllegalArgumentException} when none does. */
    public SafetensorsFile file(String name) {
        SafetensorsFile file = fileOf.get(name);
        if (file == null) {
            throw new IllegalArgumentException("there is no tensor \"" + name + "\" among " + fileOf.keySet());
        }
        return file;
    }

    @Override
    public void close() throws IOException {
        for (SafetensorsFile file : files) {
            file.close();
        }
    }
}
