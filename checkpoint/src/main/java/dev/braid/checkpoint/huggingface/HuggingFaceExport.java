package dev.braid.checkpoint.huggingface;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.braid.checkpoint.InvalidFileException;
import dev.braid.checkpoint.Weights;
import dev.braid.checkpoint.safetensors.ElementType;
import dev.braid.checkpoint.safetensors.Entry;
import dev.braid.checkpoint.safetensors.SafetensorsFile;
import dev.braid.checkpoint.safetensors.SafetensorsWriter;
import dev.braid.tensor.DType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Writes a model as a folder that transformers loads. The folder appears under its name when all is written; an
 * earlier export there is replaced, anything else is refused.
 */
public final class HuggingFaceExport {
    /** Shards are at most as large as transformers makes them. */
    static final long MOST_SHARD_BYTES = 5_000_000_000L;

    private static final String PRODUCER = "producer";
    private static final String BRAID = "braid";

    /** What an export has beside its shards. */
    private static final Set<String> FILES = Stream.concat(
                    Stream.of("config.json", "generation_config.json", "model.safetensors.index.json"),
                    TokenizerFiles.NAMES.stream())
            .collect(Collectors.toUnmodifiableSet());

    private HuggingFaceExport() {}

    /**
     * Writes {@code weights}, which must have exactly the parameters of {@code shape} by Braid's global names, as
     * {@code dtype} (F32 or BF16) into the folder {@code out}, with the files of the tokenizer by name (may be
     * empty). Throws {@link IllegalArgumentException} when no Hugging Face type expresses the model, when tensors are
     * missing, unknown or of another shape, and when {@code out} holds something else.
     */
    public static void write(
            LlamaShape shape, Weights weights, DType dtype, Map<String, byte[]> tokenizerFiles, Path out)
            throws IOException {
        write(shape, weights, dtype, tokenizerFiles, out, MOST_SHARD_BYTES);
    }

    /** As above, with the tokenizer's files out of {@code tokenizerFolder}, which may be null. */
    public static void write(LlamaShape shape, Weights weights, DType dtype, Path tokenizerFolder, Path out)
            throws IOException {
        write(shape, weights, dtype, tokenizerFolder == null ? Map.of() : TokenizerFiles.read(tokenizerFolder), out);
    }

    static void write(
            LlamaShape shape,
            Weights weights,
            DType dtype,
            Map<String, byte[]> tokenizerFiles,
            Path out,
            long mostShardBytes)
            throws IOException {
        ObjectNode config = ConfigWriter.model(shape, dtype);
        List<Entry> entries = entries(shape, weights, dtype);
        Path target = out.toAbsolutePath().normalize();
        requireReplaceable(target);
        Files.createDirectories(target.getParent());
        Path temporary = target.resolveSibling("." + target.getFileName() + "." + UUID.randomUUID() + ".tmp");
        try {
            Files.createDirectory(temporary);
            SafetensorsWriter.writeSharded(temporary, entries, mostShardBytes, Map.of("format", "pt", PRODUCER, BRAID));
            writeJson(temporary.resolve("config.json"), config);
            writeJson(temporary.resolve("generation_config.json"), ConfigWriter.generation(shape));
            for (Map.Entry<String, byte[]> file :
                    TokenizerFiles.completed(tokenizerFiles, shape).entrySet()) {
                Files.write(temporary.resolve(file.getKey()), file.getValue());
            }
            moveInto(temporary, target);
        } catch (IOException problem) {
            throw new IOException(
                    "the export to " + out + " was not written: " + problem.getMessage()
                            + ". Nothing there was changed",
                    problem);
        } finally {
            deleteFolder(temporary);
        }
    }

    private static List<Entry> entries(LlamaShape shape, Weights weights, DType dtype) {
        List<String> faults = new ArrayList<>();
        List<Entry> entries = new ArrayList<>();
        Set<String> unknown = new HashSet<>(weights.names());
        for (Parameter parameter : Parameter.of(shape)) {
            String name = parameter.braid();
            if (!unknown.remove(name)) {
                faults.add("\"" + name + "\" is missing");
            } else if (!weights.shape(name).equals(parameter.shape())) {
                faults.add("\"" + name + "\" is " + weights.shape(name) + " but must be " + parameter.shape());
            } else {
                entries.add(Entry.converted(
                        parameter.huggingFace(),
                        weights.dtype(name),
                        ElementType.of(dtype),
                        parameter.shape(),
                        (from, count, target) -> weights.read(name, from, count, target)));
            }
        }
        unknown.stream()
                .sorted()
                .forEach(name -> faults.add("\"" + name + "\" has no place in a Hugging Face "
                        + ModelType.of(shape).key()));
        if (!faults.isEmpty()) {
            throw new IllegalArgumentException("the weights do not fit the model: " + String.join("; ", faults));
        }
        return entries;
    }

    private static void requireReplaceable(Path target) throws IOException {
        if (!Files.exists(target)) {
            return;
        }
        if (!Files.isDirectory(target)) {
            throw new IllegalArgumentException(target + " is a file; an export needs a folder");
        }
        List<Path> children;
        try (Stream<Path> listed = Files.list(target)) {
            children = listed.sorted().toList();
        }
        boolean written = children.isEmpty();
        for (Path child : children) {
            boolean shard = child.toString().endsWith(".safetensors");
            if (shard ? !isOurs(child) : !FILES.contains(child.getFileName().toString())) {
                throw occupied(target, child.getFileName() + " in it is not of an export");
            }
            written |= shard;
        }
        if (!written) {
            throw occupied(target, "it has no weights of an export");
        }
    }

    private static IllegalArgumentException occupied(Path target, String reason) {
        return new IllegalArgumentException(target + " is not empty and not an export of Braid: " + reason
                + "; choose another folder or remove it");
    }

    private static boolean isOurs(Path file) throws IOException {
        try (SafetensorsFile tensors = SafetensorsFile.open(file)) {
            return BRAID.equals(tensors.metadata().get(PRODUCER));
        } catch (InvalidFileException damaged) {
            return false;
        }
    }

    private static void moveInto(Path temporary, Path target) throws IOException {
        Path old = temporary.resolveSibling(temporary.getFileName() + ".old");
        boolean replaces = Files.exists(target);
        if (replaces) {
            Files.move(target, old);
        }
        try {
            Files.move(temporary, target);
        } catch (IOException problem) {
            if (replaces) {
                Files.move(old, target);
            }
            throw problem;
        }
        deleteFolder(old);
    }

    private static void deleteFolder(Path folder) throws IOException {
        if (Files.isDirectory(folder)) {
            try (Stream<Path> listed = Files.list(folder)) {
                for (Path file : listed.toList()) {
                    Files.delete(file);
                }
            }
            Files.delete(folder);
        }
    }

    private static void writeJson(Path file, ObjectNode node) throws IOException {
        Files.writeString(file, node.toPrettyString() + "\n");
    }
}
