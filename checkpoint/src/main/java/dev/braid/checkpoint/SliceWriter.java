package dev.braid.checkpoint;

import dev.braid.tensor.DType;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.util.ArrayList;
import java.util.List;

/**
 * Writes the slices of one rank into one file: raw elements at multiples of 64 bytes, through a bounded buffer. Not a
 * checkpoint yet: {@link #finish} says what is there, and the coordinator commits. For one thread at a time.
 */
public final class SliceWriter implements AutoCloseable {
    private static final int ALIGNMENT = 64;

    private final CheckpointStore store;
    private final String path;
    private final String name;
    private final WritableByteChannel channel;
    private final Staging staging = new Staging(Staging.MOST_BYTES);
    private final List<Slice> slices = new ArrayList<>();
    private final List<Attachment> attachments = new ArrayList<>();
    private long position;
    private boolean open = true;

    /** Starts the file {@code name} in {@code folder} of {@code store}. */
    SliceWriter(CheckpointStore store, String folder, String name) throws IOException {
        this.store = store;
        this.path = folder + "/" + name;
        this.name = name;
        WritableByteChannel created = null;
        try {
            created = store.create(path);
        } catch (IOException problem) {
            throw explained(problem);
        } finally {
            if (created == null) {
                staging.close();
            }
        }
        this.channel = created;
    }

    /** Adds all of {@code tensor} under its global {@code tensorName}. */
    public void add(String tensorName, Tensor tensor) throws IOException {
        add(tensorName, tensor.shape(), 0, tensor, 0, tensor.count());
    }

    /**
     * Adds elements {@code from} until {@code from + count} of the tensor {@code tensorName}, whose global extents
     * are {@code shape}; on this rank they are elements {@code localFrom} and on of {@code local}.
     */
    public void add(String tensorName, Shape shape, long from, Tensor local, long localFrom, long count)
            throws IOException {
        add(tensorName, shape, Band.all(shape), from, local, localFrom, count);
    }

    /**
     * Adds elements {@code from} until {@code from + count} of the columns {@code band} of the tensor
     * {@code tensorName}, counted within the band; {@code shape} are the extents of the whole tensor. On this rank they
     * are elements {@code localFrom} and on of {@code local}. Throws {@link IllegalArgumentException} when the tensor
     * has no such elements. A part without elements is not written, unless the tensor has none at all.
     */
    public void add(String tensorName, Shape shape, Band band, long from, Tensor local, long localFrom, long count)
            throws IOException {
        add(
                tensorName,
                local.dtype(),
                shape,
                band,
                from,
                count,
                (start, number, target) -> local.copyTo(localFrom + start - from, number, target));
    }

    /**
     * Adds elements {@code from} until {@code from + count} of a tensor from {@code source}, which counts global
     * elements.
     */
    public void add(String tensorName, DType dtype, Shape shape, long from, long count, ElementSource source)
            throws IOException {
        add(tensorName, dtype, shape, Band.all(shape), from, count, source);
    }

    private void add(
            String tensorName, DType dtype, Shape shape, Band band, long from, long count, ElementSource source)
            throws IOException {
        requireOpen();
        Part part = new Part(band, from, from + count);
        if (!part.inside(shape)) {
            throw new IllegalArgumentException(
                    part.describe(shape) + " of tensor \"" + tensorName + "\" are not inside " + dtype + " " + shape);
        }
        if (count == 0 && shape.count() > 0) {
            return;
        }
        align();
        long offset = position;
        int size = dtype.bytes();
        List<Integer> checksums =
                write(count * size, (at, bytes, target) -> source.read(from + at / size, bytes / size, target));
        slices.add(new Slice(tensorName, dtype, shape, band, from, from + count, offset, checksums));
    }

    /** Adds a small file, such as the tokenizer, to be read again by {@link CheckpointReader#attachment}. */
    public void attach(String attachmentName, byte[] content) throws IOException {
        align();
        long offset = position;
        MemorySegment memory = MemorySegment.ofArray(content);
        List<Integer> checksums =
                write(content.length, (at, bytes, target) -> MemorySegment.copy(memory, at, target, 0, bytes));
        attachments.add(new Attachment(attachmentName, offset, content.length, checksums));
    }

    /** Brings the file to the disk and closes it. Returns what the coordinator needs to commit it. */
    public SliceFile finish() throws IOException {
        requireOpen();
        open = false;
        staging.close();
        try {
            channel.close();
        } catch (IOException problem) {
            throw explained(problem);
        }
        return new SliceFile(name, position, List.copyOf(slices), List.copyOf(attachments));
    }

    /** Ends the writing. Without {@link #finish} the file is of no use and belongs to no checkpoint. */
    @Override
    public void close() throws IOException {
        if (open) {
            open = false;
            staging.close();
            channel.close();
        }
    }

    private List<Integer> write(long bytes, ElementSource source) throws IOException {
        requireOpen();
        List<Integer> checksums = new ArrayList<>();
        for (long at = 0; at < bytes; at += Checksums.CHUNK) {
            long now = Math.min(Checksums.CHUNK, bytes - at);
            source.read(at, now, staging.segment());
            ByteBuffer chunk = staging.first(now);
            checksums.add(Checksums.of(chunk));
            writeFully(chunk);
        }
        return List.copyOf(checksums);
    }

    private void align() throws IOException {
        requireOpen();
        int padding = (int) (-position & (ALIGNMENT - 1));
        if (padding > 0) {
            writeFully(ByteBuffer.allocate(padding));
        }
    }

    private void writeFully(ByteBuffer bytes) throws IOException {
        position += bytes.remaining();
        try {
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
        } catch (IOException problem) {
            throw explained(problem);
        }
    }

    private IOException explained(IOException problem) {
        return new IOException(
                "cannot write " + store.locate(path) + " beyond " + position + " bytes (" + problem.getMessage() + ")"
                        + Messages.free(store),
                problem);
    }

    private void requireOpen() {
        if (!open) {
            throw new IllegalStateException(store.locate(path) + " is closed already");
        }
    }
}
