package dev.braid.checkpoint;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.braid.tensor.DType;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.file.NoSuchFileException;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.function.Function;

/**
 * A complete checkpoint. Opening verifies the manifest and the sizes of the files (of a share of them when many ranks open
 * it together); every byte that is read is verified by its checksum. Parts are put together from whatever slices hold them,
 * so a checkpoint loads into any layout. Any thread may read.
 */
public final class CheckpointReader implements Weights, AutoCloseable {
    private final String location;
    private final String advice;
    private final Manifest manifest;
    private final Coverage coverage;
    private final SliceFiles files;
    private final Gatherer gatherer;
    private final IdleChunks idle = new IdleChunks();

    private CheckpointReader(String location, String advice, Manifest manifest, Coverage coverage, SliceFiles files) {
        this.location = location;
        this.advice = advice;
        this.manifest = manifest;
        this.coverage = coverage;
        this.files = files;
        this.gatherer = new Gatherer(files);
    }

    /** Opens {@code folder} as {@code rank} of {@code ranks} that share the look at the files. */
    static CheckpointReader open(CheckpointStore store, String folder, Checkpoints siblings, int rank, int ranks)
            throws IOException {
        String location = store.locate(folder);
        SliceFiles files = null;
        boolean opened = false;
        try {
            Manifest manifest = readManifest(store, folder);
            files = new SliceFiles(store, folder, manifest.files());
            for (int i = rank; i < manifest.files().size(); i += ranks) {
                files.check(manifest.files().get(i).name());
            }
            Coverage coverage = Coverage.of(manifest.files());
            requireAttachments(manifest);
            opened = true;
            return new CheckpointReader(location, siblings.instead(folder), manifest, coverage, files);
        } catch (InvalidFileException problem) {
            throw fault(location, problem.getMessage(), siblings.instead(folder), problem);
        } finally {
            if (!opened && files != null) {
                files.close();
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
                    return content(StoredRange.of(file.name(), attachment));
                }
            }
        }
        throw new IllegalArgumentException(
                "checkpoint " + location + " has no attachment \"" + name + "\"; it has " + attachments());
    }

    private byte[] content(StoredRange range) throws IOException {
        byte[] content = new byte[Math.toIntExact(range.bytes())];
        try (VerifiedChunk chunk = new VerifiedChunk()) {
            for (long at = 0; at < content.length; at += Checksums.CHUNK) {
                MemorySegment bytes = chunk.get(files, range, at);
                MemorySegment.copy(bytes, 0, MemorySegment.ofArray(content), at, bytes.byteSize());
            }
        } catch (InvalidFileException problem) {
            throw fault(location, problem.getMessage(), advice, problem);
        }
        return content;
    }

    /**
     * {@inheritDoc} Ranges of a tensor that are asked for in ascending order are read once, however its slices are cut;
     * until the next tensors are read, a chunk of each of its bands stays in memory for that.
     */
    @Override
    public void read(String name, long from, long count, MemorySegment target) throws IOException {
        Coverage.Entry entry = entry(name);
        int size = entry.dtype().bytes();
        BandChunks chunks = idle.take(name);
        try {
            gather(
                    name,
                    new Part(Band.all(entry.shape()), from, from + count),
                    chunks::of,
                    (at, bytes) -> MemorySegment.copy(bytes, 0, target, (at - from) * size, bytes.byteSize()));
        } finally {
            idle.give(chunks);
        }
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
        load(name, Band.all(shape(name)), from, local, localFrom, count);
    }

    @Override
    public void load(String name, Band band, long from, Tensor local, long localFrom, long count) throws IOException {
        if (dtype(name) != local.dtype()) {
            throw mismatch(name, local);
        }
        int size = local.dtype().bytes();
        try (VerifiedChunk chunk = new VerifiedChunk()) {
            gather(
                    name,
                    new Part(band, from, from + count),
                    columns -> chunk,
                    (at, bytes) -> local.copyFrom(localFrom + at - from, bytes.byteSize() / size, bytes));
        }
    }

    private void gather(String name, Part wanted, Function<Band, VerifiedChunk> chunks, Gatherer.Sink sink)
            throws IOException {
        Coverage.Entry entry = entry(name);
        if (!wanted.inside(entry.shape())) {
            throw new IndexOutOfBoundsException(wanted.describe(entry.shape()) + " of tensor \"" + name
                    + "\", which is " + entry.dtype() + " " + entry.shape());
        }
        try {
            gatherer.gather(entry, wanted, chunks, sink);
        } catch (InvalidFileException problem) {
            throw fault(location, problem.getMessage(), advice, problem);
        }
    }

    private IllegalArgumentException mismatch(String name, Tensor target) {
        return new IllegalArgumentException("tensor \"" + name + "\" of checkpoint " + location + " is " + dtype(name)
                + shape(name) + ", which does not load into " + target);
    }

    @Override
    public void close() throws IOException {
        idle.close();
        files.close();
    }

    /** Names of the files that belong to the checkpoint, beside the manifest. */
    Set<String> files() {
        return files.names();
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
}
