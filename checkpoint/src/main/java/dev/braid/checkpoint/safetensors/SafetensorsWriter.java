package dev.braid.checkpoint.safetensors;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.braid.checkpoint.Staging;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * Writes safetensors files. Tensors pass through a bounded buffer, one range after another. A file appears under its
 * name only when it is whole and on the disk. The header is padded so that the data starts at a multiple of 64 bytes.
 */
public final class SafetensorsWriter {
    private static final int ALIGNMENT = 64;

    private SafetensorsWriter() {}

    /** Writes {@code tensors} into one file, wider element types first, otherwise in the given order. */
    public static void write(Path file, List<Entry> tensors, Map<String, String> metadata) throws IOException {
        requireDistinct(tensors);
        List<Entry> ordered = new ArrayList<>(tensors);
        // Narrow types behind wide ones keep every tensor at a multiple of its element size.
        ordered.sort(
                Comparator.comparingInt((Entry entry) -> entry.type().bytes()).reversed());
        Path temporary = file.resolveSibling(file.getFileName() + ".tmp");
        try {
            try (FileChannel channel = FileChannel.open(
                    temporary,
                    StandardOpenOption.CREATE,
                    StandardOpenOption.TRUNCATE_EXISTING,
                    StandardOpenOption.WRITE)) {
                writeFully(channel, header(ordered, metadata));
                writeData(channel, ordered);
                channel.force(true);
            }
            Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE);
        } finally {
            Files.deleteIfExists(temporary);
        }
    }

    /**
     * Writes {@code tensors} into {@code folder}: as {@code model.safetensors} when they take at most
     * {@code mostShardBytes}, otherwise as {@code model-00001-of-0000N.safetensors} and on, with
     * {@code model.safetensors.index.json}. A single tensor may exceed the limit. Returns the names of the files, the
     * index last.
     */
    public static List<String> writeSharded(
            Path folder, List<Entry> tensors, long mostShardBytes, Map<String, String> metadata) throws IOException {
        requireDistinct(tensors);
        List<List<Entry>> shards = shards(tensors, mostShardBytes);
        if (shards.size() == 1) {
            write(folder.resolve("model.safetensors"), tensors, metadata);
            return List.of("model.safetensors");
        }
        List<String> files = new ArrayList<>();
        Map<String, String> shardOf = new TreeMap<>();
        for (int i = 0; i < shards.size(); i++) {
            String file = "model-%05d-of-%05d.safetensors".formatted(i + 1, shards.size());
            write(folder.resolve(file), shards.get(i), metadata);
            shards.get(i).forEach(entry -> shardOf.put(entry.name(), file));
            files.add(file);
        }
        Files.writeString(folder.resolve(ShardedTensors.INDEX), index(tensors, shardOf));
        files.add(ShardedTensors.INDEX);
        return files;
    }

    private static List<List<Entry>> shards(List<Entry> tensors, long mostShardBytes) {
        List<List<Entry>> shards = new ArrayList<>();
        List<Entry> current = new ArrayList<>();
        long bytes = 0;
        for (Entry entry : tensors) {
            if (!current.isEmpty() && bytes + entry.bytes() > mostShardBytes) {
                shards.add(current);
                current = new ArrayList<>();
                bytes = 0;
            }
            current.add(entry);
            bytes += entry.bytes();
        }
        shards.add(current);
        return shards;
    }

    private static String index(List<Entry> tensors, Map<String, String> shardOf) {
        ObjectNode root = JsonNodeFactory.instance.objectNode();
        root.putObject("metadata")
                .put("total_size", tensors.stream().mapToLong(Entry::bytes).sum());
        ObjectNode map = root.putObject("weight_map");
        shardOf.forEach(map::put);
        return root.toPrettyString() + "\n";
    }

    private static ByteBuffer header(List<Entry> tensors, Map<String, String> metadata) {
        ObjectNode root = JsonNodeFactory.instance.objectNode();
        if (!metadata.isEmpty()) {
            ObjectNode node = root.putObject(Header.METADATA);
            new LinkedHashMap<>(metadata).forEach(node::put);
        }
        long at = 0;
        for (Entry entry : tensors) {
            ObjectNode node = root.putObject(entry.name());
            node.put("dtype", entry.type().name());
            for (long extent : entry.shape().toArray()) {
                node.withArray("shape").add(extent);
            }
            node.withArray("shape");
            node.putArray("data_offsets").add(at).add(at + entry.bytes());
            at += entry.bytes();
        }
        byte[] text = root.toString().getBytes(StandardCharsets.UTF_8);
        int padded = (8 + text.length + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
        if (padded - 8 > SafetensorsFile.MOST_HEADER_BYTES) {
            throw new IllegalArgumentException("a header of " + (padded - 8) + " bytes is more than the "
                    + SafetensorsFile.MOST_HEADER_BYTES + " that the safetensors format allows");
        }
        ByteBuffer bytes = ByteBuffer.allocate(padded).order(ByteOrder.LITTLE_ENDIAN);
        bytes.putLong(padded - 8).put(text);
        while (bytes.hasRemaining()) {
            bytes.put((byte) ' ');
        }
        return bytes.flip();
    }

    private static void writeData(FileChannel channel, List<Entry> tensors) throws IOException {
        long most = tensors.stream().mapToLong(Entry::bytes).max().orElse(0);
        try (Staging staging = new Staging(most)) {
            for (Entry entry : tensors) {
                writeData(channel, entry, staging);
            }
        }
    }

    private static void writeData(FileChannel channel, Entry entry, Staging staging) throws IOException {
        int size = entry.type().bytes();
        long step = staging.bytes() / size;
        long count = entry.shape().count();
        for (long from = 0; from < count; from += step) {
            long now = Math.min(step, count - from);
            entry.source().read(from, now, staging.segment());
            writeFully(channel, staging.first(now * size));
        }
    }

    private static void writeFully(FileChannel channel, ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }

    private static void requireDistinct(List<Entry> tensors) {
        Set<String> names = new HashSet<>();
        for (Entry entry : tensors) {
            if (entry.name().equals(Header.METADATA) || !names.add(entry.name())) {
                throw new IllegalArgumentException("cannot write tensor \"" + entry.name() + "\": "
                        + (names.contains(entry.name()) ? "the name occurs twice" : "the name is reserved"));
            }
        }
    }
}
