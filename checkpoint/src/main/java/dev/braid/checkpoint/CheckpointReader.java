package dev.braid.checkpoint;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.braid.tensor.DType;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.file.NoSuchFileException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * A complete checkpoint. Opening verifies the manifest and the sizes of all files; every byte that is read is
 * verified by its checksum. Ranges are put together from whatever slices hold them, so a checkpoint loads into any
 * layout. Any thread may read.
 */
public final class CheckpointReader implements Weights, AutoCloseable {
    private final String location;
    private final String advice;
    private final Manifest manifest;
    private final Coverage coverage;
    private final Map<String, CheckpointStore.Input> inputs;

    private CheckpointReader(
            String location,
            String advice,
            Manifest manifest,
            Coverage coverage,
            Map<String, CheckpointStore.Input> inputs) {
        this.location = location;
        this.advice = advice;
        this.manifest = manifest;
        this.coverage = coverage;
        this.inputs = inputs;
    }

    static CheckpointReader open(CheckpointStore store, String folder, Checkpoints siblings) throws IOException {
        String location = store.locate(folder);
        Map<String, CheckpointStore.Input> inputs = new LinkedHashMap<>();
        boolean opened = false;
        try {
            Manifest manifest = readManifest(store, folder);
            for (SliceFile file : manifest.files()) {
                inputs.put(file.name(), openFile(store, folder, file));
            }
            Coverage coverage = Coverage.of(manifest.files());
            requireAttachments(manifest);
            opened = true;
            return new CheckpointReader(location, siblings.instead(folder), manifest, coverage, inputs);
        } catch (InvalidFileException problem) {
            throw fault(location, problem.getMessage(), siblings.instead(folder), problem);
        } finally {
            if (!opened) {
                closeAll(inputs);
            }
        }
    }

    private static Manifest readManifest(CheckpointStore store, String folder) throws IOException {
        byte[] bytes;
        try (CheckpointStore.Input input = store.open(folder + "/" + Manifest.NAME)) {
            bytes = new byte[Math.toIntExact(input.size())];
            input.read(0, ByteBuffer.wrap(bytes));
        } catch (NoSuchFileException missing) {
            throw new InvalidFileException(
                    "it has no " + Manifest.NAME + ", so it is not a complete checkpoint", missing);
        }
        try {
            return ManifestJson.read(bytes);
        } catch (InvalidFileException problem) {
            throw new InvalidFileException("its " + Manifest.NAME + " " + problem.getMessage(), problem);
        }
    }

    private static CheckpointStore.Input openFile(CheckpointStore store, String folder, SliceFile file)
            throws IOException {
        if (file.name().contains("/") || file.name().contains("\\")) {
            throw new InvalidFileException("its file \"" + file.name() + "\" is not a plain file name");
        }
        CheckpointStore.Input input;
        try {
            input = store.open(folder + "/" + file.name());
        } catch (NoSuchFileException missing) {
            throw new InvalidFileException("its file " + file.name() + " is missing", missing);
        }
        long size = input.size();
        if (size != file.bytes()) {
            input.close();
            throw new InvalidFileException(
                    "its file " + file.name() + " has " + size + " bytes, but must have " + file.bytes());
        }
        return input;
    }

    private static void requireAttachments(Manifest manifest) throws InvalidFileException {
        for (SliceFile file : manifest.files()) {
            for (Attachment attachment : file.attachments()) {
                boolean inside = attachment.offset() >= 0
                        && attachment.bytes() >= 0
                        && attachment.offset() <= file.bytes() - attachment.bytes();
                if (!inside || attachment.checksums().size() != Checksums.count(attachment.bytes())) {
                    throw new InvalidFileException("its attachment \"" + attachment.name() + "\" is not inside "
                            + file.name() + " or has a wrong number of checksums");
                }
            }
        }
    }

    /** The folder, for messages. */
    public String location() {
        return location;
    }

    /** Completed optimizer steps. */
    public long step() {
        return manifest.step();
    }

    /** A copy of the state that the run left. */
    public ObjectNode state() {
        return manifest.state().deepCopy();
    }

    @Override
    public Set<String> names() {
        return coverage.tensors().keySet();
    }

    @Override
    public Shape shape(String name) {
        return entry(name).shape();
    }

    @Override
    public DType dtype(String name) {
        return entry(name).dtype();
    }

    /** The tensors whose names start with {@code prefix}, under what follows it. */
    public Weights weights(String prefix) {
        return new PrefixedWeights(this, prefix);
    }

    /** Names of the small files that were attached. */
    public Set<String> attachments() {
        Set<String> names = new LinkedHashSet<>();
        manifest.files().forEach(file -> file.attachments().forEach(attachment -> names.add(attachment.name())));
        return names;
    }

    /** Content of the attached file {@code name}. */
    public byte[] attachment(String name) throws IOException {
        for (SliceFile file : manifest.files()) {
            for (Attachment attachment : file.attachments()) {
                if (attachment.name().equals(name)) {
                    byte[] content = new byte[Math.toIntExact(attachment.bytes())];
                    Range range = new Range(
                            file.name(),
                            "attachment \"" + name + "\"",
                            attachment.offset(),
                            attachment.bytes(),
                            attachment.checksums());
                    MemorySegment target = MemorySegment.ofArray(content);
                    read(
                            range,
                            0,
                            content.length,
                            (at, bytes) -> MemorySegment.copy(bytes, 0, target, at, bytes.byteSize()));
                    return content;
                }
            }
        }
        throw new IllegalArgumentException(
                "checkpoint " + location + " has no attachment \"" + name + "\"; it has " + attachments());
    }

    @Override
    public void read(String name, long from, long count, MemorySegment target) throws IOException {
        read(name, from, count, (at, bytes) -> MemorySegment.copy(bytes, 0, target, at, bytes.byteSize()));
    }

    @Override
    public void load(String name, Tensor target) throws IOException {
        if (!shape(name).equals(target.shape())) {
            throw mismatch(name, target);
        }
        load(name, 0, target, 0, target.count());
    }

    /**
     * Fills elements {@code localFrom} until {@code localFrom + count} of {@code local} with elements {@code from}
     * and on of tensor {@code name}. Throws {@link IllegalArgumentException} when the dtypes differ.
     */
    public void load(String name, long from, Tensor local, long localFrom, long count) throws IOException {
        if (dtype(name) != local.dtype()) {
            throw mismatch(name, local);
        }
        long size = local.dtype().bytes();
        read(name, from, count, (at, bytes) -> local.copyFrom(localFrom + at / size, bytes.byteSize() / size, bytes));
    }

    /** Takes verified bytes that belong {@code at} bytes behind the start of what was asked for. */
    @FunctionalInterface
    private interface Sink {
        void accept(long at, MemorySegment bytes);
    }

    private void read(String name, long from, long count, Sink sink) throws IOException {
        Coverage.Entry entry = entry(name);
        if (from < 0 || count < 0 || count > entry.shape().count() - from) {
            throw new IndexOutOfBoundsException("elements " + from + " until " + (from + count) + " of tensor \"" + name
                    + "\", which is " + entry.dtype() + " " + entry.shape());
        }
        long size = entry.dtype().bytes();
        for (Coverage.Part part : entry.parts()) {
            Slice slice = part.slice();
            long first = Math.max(from, slice.from());
            long end = Math.min(from + count, slice.to());
            if (first < end) {
                Range range = new Range(
                        part.file(), "tensor \"" + name + "\"", slice.offset(), slice.bytes(), slice.checksums());
                long shift = (first - from) * size;
                read(
                        range,
                        (first - slice.from()) * size,
                        (end - first) * size,
                        (at, bytes) -> sink.accept(shift + at, bytes));
            }
        }
    }

    private IllegalArgumentException mismatch(String name, Tensor target) {
        return new IllegalArgumentException("tensor \"" + name + "\" of checkpoint " + location + " is " + dtype(name)
                + shape(name) + ", which does not load into " + target);
    }

    @Override
    public void close() throws IOException {
        closeAll(inputs);
    }

    /** Names of the files that belong to the checkpoint, beside the manifest. */
    Set<String> files() {
        return inputs.keySet();
    }

    private record Range(String file, String what, long offset, long bytes, List<Integer> checksums) {}

    /**
     * Gives {@code count} bytes at {@code from} of the range. Whole chunks are read, since the checksums are of whole
     * chunks.
     */
    private void read(Range range, long from, long count, Sink sink) throws IOException {
        try (Staging staging = new Staging(range.bytes())) {
            long end = from + count;
            for (long at = from / Checksums.CHUNK * Checksums.CHUNK; at < end; at += Checksums.CHUNK) {
                long bytes = Math.min(Checksums.CHUNK, range.bytes() - at);
                fill(range, at, staging.first(bytes));
                verify(range, at, staging.first(bytes));
                long first = Math.max(at, from);
                long last = Math.min(at + bytes, end);
                sink.accept(first - from, staging.segment().asSlice(first - at, last - first));
            }
        }
    }

    private void fill(Range range, long at, ByteBuffer target) throws IOException {
        try {
            inputs.get(range.file()).read(range.offset() + at, target);
        } catch (EOFException early) {
            throw fault(location, "its file " + range.file() + " was cut short", advice, early);
        }
    }

    private void verify(Range range, long at, ByteBuffer chunk) throws InvalidFileException {
        int found = Checksums.of(chunk);
        int expected = range.checksums().get((int) (at / Checksums.CHUNK));
        if (found != expected) {
            long start = range.offset() + at;
            throw fault(
                    location,
                    "in its file " + range.file() + ", " + range.what() + ", bytes " + start + " until "
                            + (start + chunk.remaining()) + " have CRC32C " + Checksums.hex(found) + " instead of "
                            + Checksums.hex(expected),
                    advice,
                    null);
        }
    }

    private Coverage.Entry entry(String name) {
        Coverage.Entry entry = coverage.tensors().get(name);
        if (entry == null) {
            throw new IllegalArgumentException("checkpoint " + location + " has no tensor \"" + name + "\"; it has "
                    + coverage.tensors().keySet());
        }
        return entry;
    }

    private static InvalidFileException fault(String location, String problem, String advice, Exception cause) {
        return new InvalidFileException(
                "checkpoint " + location + " cannot be used: " + problem + ". " + advice, cause);
    }

    private static void closeAll(Map<String, CheckpointStore.Input> inputs) throws IOException {
        List<IOException> problems = new ArrayList<>();
        for (CheckpointStore.Input input : inputs.values()) {
            try {
                input.close();
            } catch (IOException problem) {
                problems.add(problem);
            }
        }
        if (!problems.isEmpty()) {
            throw problems.getFirst();
        }
    }
}
