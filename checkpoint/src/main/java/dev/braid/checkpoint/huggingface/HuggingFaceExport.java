package dev.braid.checkpoint.huggingface;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.braid.checkpoint.InvalidFileException;
import dev.braid.checkpoint.Weights;
import dev.braid.checkpoint.safetensors.ElementType;
import dev.braid.checkpoint.safetensors.Entry;
import dev.braid.checkpoint.safetensors.SafetensorsFile;
import dev.braid.checkpoint.safetensors.SafetensorsWriter;
import dev.braid.tensor.DType;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
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
     * Writes {@code weights}, which must have exactly the parameters of {@code model} by Braid's global names, as
     * {@code dtype} (F32 or BF16) into the folder {@code out}, with the files of the tokenizer by name (may be
     * empty). Throws {@link IllegalArgumentException} when tensors are missing, unknown or of another shape, and when
     * {@code out} holds something else.
     */
    public static void write(
            HuggingFaceModel model, Weights weights, DType dtype, Map<String, byte[]> tokenizerFiles, Path out)
            throws IOException {
        write(model, weights, dtype, tokenizerFiles, out, MOST_SHARD_BYTES);
    }

    /** As above, with the tokenizer's files out of {@code tokenizerFolder}, which may be null. */
    public static void write(HuggingFaceModel model, Weights weights, DType dtype, Path tokenizerFolder, Path out)
            throws IOException {
        write(model, weights, dtype, tokenizerFolder == null ? Map.of() : TokenizerFiles.read(tokenizerFolder), out);
    }

    static void write(
            HuggingFaceModel model,
            Weights weights,
            DType dtype,
            Map<String, byte[]> tokenizerFiles,
            Path out,
            long mostShardBytes)
            throws IOException {
        ObjectNode config = config(model, dtype);
        try (Turning turning = new Turning()) {
            write(model, config, entries(model, weights, dtype, turning), tokenizerFiles, out, mostShardBytes);
        }
    }

    private static void write(
            HuggingFaceModel model,
            ObjectNode config,
            List<Entry> entries,
            Map<String, byte[]> tokenizerFiles,
            Path out,
            long mostShardBytes)
            throws IOException {
        Path target = out.toAbsolutePath().normalize();
        requireReplaceable(target);
        Files.createDirectories(target.getParent());
        Path temporary = target.resolveSibling("." + target.getFileName() + "." + UUID.randomUUID() + ".tmp");
        try {
            Files.createDirectory(temporary);
            SafetensorsWriter.writeSharded(temporary, entries, mostShardBytes, Map.of("format", "pt", PRODUCER, BRAID));
            writeJson(temporary.resolve("config.json"), config);
            writeJson(temporary.resolve("generation_config.json"), generation(model));
            for (Map.Entry<String, byte[]> file :
                    TokenizerFiles.completed(tokenizerFiles, model).entrySet()) {
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

    private static ObjectNode config(HuggingFaceModel model, DType dtype) {
        ObjectNode root = model.config().deepCopy();
        putTokens(root, model);
        root.put("use_cache", true);
        root.put("dtype", dtypeName(dtype));
        root.put("torch_dtype", dtypeName(dtype));
        return root;
    }

    private static ObjectNode generation(HuggingFaceModel model) {
        ObjectNode root = JsonNodeFactory.instance.objectNode();
        root.put("_from_model_config", true);
        putTokens(root, model);
        return root;
    }

    private static void putTokens(ObjectNode root, HuggingFaceModel model) {
        // Written even when there is none: transformers would otherwise take ids of its own.
        put(root, "bos_token_id", model.bos());
        put(root, "eos_token_id", model.eos());
    }

    private static void put(ObjectNode root, String key, OptionalInt id) {
        if (id.isPresent()) {
            root.put(key, id.getAsInt());
        } else {
            root.putNull(key);
        }
    }

    private static String dtypeName(DType dtype) {
        return switch (dtype) {
            case F32 -> "float32";
            case BF16 -> "bfloat16";
            case I32, I8 -> throw new IllegalArgumentException("weights are exported as F32 or BF16, not as " + dtype);
        };
    }

    private static List<Entry> entries(HuggingFaceModel model, Weights weights, DType dtype, Turning turning) {
        Set<String> faults = new LinkedHashSet<>();
        List<Entry> entries = new ArrayList<>();
        Set<String> unknown = new HashSet<>(weights.names());
        for (TensorMap.Place place : model.tensors().places()) {
            for (Part part : place.parts()) {
                unknown.remove(part.name());
                if (!weights.names().contains(part.name())) {
                    faults.add("\"" + part.name() + "\" is missing");
                } else if (!weights.shape(part.name()).equals(part.shape())) {
                    faults.add("\"" + part.name() + "\" is " + weights.shape(part.name()) + " but must be "
                            + part.shape());
                }
            }
            if (faults.isEmpty()) {
                entries.add(entry(place, weights, dtype, turning));
            }
        }
        unknown.stream()
                .sorted()
                .forEach(name -> faults.add("\"" + name + "\" has no place in a Hugging Face " + model.type()));
        if (!faults.isEmpty()) {
            throw new IllegalArgumentException("the weights do not fit the model: " + String.join("; ", faults));
        }
        return entries;
    }

    private static Entry entry(TensorMap.Place place, Weights weights, DType dtype, Turning turning) {
        DType stored = weights.dtype(place.parts().getFirst().name());
        for (Part part : place.parts()) {
            if (weights.dtype(part.name()) != stored) {
                throw new IllegalArgumentException("the parts " + place.parts() + " of the tensor \"" + place.name()
                        + "\" have more than one dtype");
            }
        }
        return Entry.converted(
                place.name(),
                stored,
                ElementType.of(dtype),
                place.shape(),
                (from, count, target) -> readParts(place, weights, turning, from, count, target));
    }

    private static void readParts(
            TensorMap.Place place, Weights weights, Turning turning, long from, long count, MemorySegment target)
            throws IOException {
        long partFrom = 0;
        for (Part part : place.parts()) {
            long partEnd = partFrom + part.count();
            long first = Math.max(from, partFrom);
            long end = Math.min(from + count, partEnd);
            if (first < end) {
                int bytes = weights.dtype(part.name()).bytes();
                MemorySegment slice = target.asSlice((first - from) * bytes, (end - first) * bytes);
                readPart(part, weights, turning, first - partFrom, end - first, slice);
            }
            partFrom = partEnd;
        }
    }

    private static void readPart(
            Part part, Weights weights, Turning turning, long from, long count, MemorySegment target)
            throws IOException {
        if (part.turned()) {
            turning.read(
                    Turning.Array.ofParameter(part, weights.dtype(part.name()).bytes()),
                    (first, length, into) -> weights.read(part.name(), part.from() + first, length, into),
                    from,
                    count,
                    target);
        } else {
            weights.read(part.name(), part.from() + from, count, target);
        }
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
