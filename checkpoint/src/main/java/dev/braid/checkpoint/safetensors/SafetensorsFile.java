package dev.braid.checkpoint.safetensors;

import dev.braid.checkpoint.InvalidFileException;
import dev.braid.checkpoint.Staging;
import dev.braid.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;

/**
 * An open safetensors file: 8 bytes of header size, the header as JSON, then the tensors, all little-endian. Opening
 * checks every rule of the format; reading takes ranges, so a file may be larger than memory. Any thread may read;
 * {@link #close} ends all reads.
 */
public final class SafetensorsFile implements AutoCloseable {
    /** The largest header that the format allows, in bytes. */
    static final long MOST_HEADER_BYTES = 100_000_000;

    private final Path path;
    private final FileChannel channel;
    private final long dataStart;
    private final Header header;

    private SafetensorsFile(Path path, FileChannel channel, long dataStart, Header header) {
        this.path = path;
        this.channel = channel;
        this.dataStart = dataStart;
        this.header = header;
    }

    /**
     * Opens {@code path} and checks its header. Throws {@link InvalidFileException} that names the file and the
     * fault.
     */
    public static SafetensorsFile open(Path path) throws IOException {
        FileChannel channel;
        try {
            channel = FileChannel.open(path, StandardOpenOption.READ);
        } catch (NoSuchFileException missing) {
            throw new InvalidFileException("there is no file " + path, missing);
        }
        try {
            long size = channel.size();
            long headerBytes = headerBytes(path, channel, size);
            ByteBuffer bytes = ByteBuffer.allocate((int) headerBytes);
            fill(path, channel, 8, bytes);
            String text = decode(path, bytes.flip());
            Header header = Header.parse(path.toString(), text, size - 8 - headerBytes);
            return new SafetensorsFile(path, channel, 8 + headerBytes, header);
        } catch (IOException | RuntimeException problem) {
            channel.close();
            throw problem;
        }
    }

    private static long headerBytes(Path path, FileChannel channel, long size) throws IOException {
        if (size < 10) {
            throw new InvalidFileException(path + " is not a safetensors file: it has only " + size + " bytes");
        }
        ByteBuffer prefix = ByteBuffer.allocate(9).order(ByteOrder.LITTLE_ENDIAN);
        fill(path, channel, 0, prefix);
        long bytes = prefix.getLong(0);
        if (bytes < 2 || bytes > Math.min(size - 8, MOST_HEADER_BYTES)) {
            throw new InvalidFileException(path + " is not a safetensors file: it announces a header of "
                    + Long.toUnsignedString(bytes) + " bytes; allowed are 2 to "
                    + Math.min(size - 8, MOST_HEADER_BYTES) + " in this file of " + size + " bytes");
        }
        if (prefix.get(8) != '{') {
            throw new InvalidFileException(path + " is not a safetensors file: its header does not start with '{'");
        }
        return bytes;
    }

    private static String decode(Path path, ByteBuffer bytes) throws InvalidFileException {
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(bytes).toString();
        } catch (CharacterCodingException problem) {
            throw new InvalidFileException(path + " is not a valid safetensors file: its header is not UTF-8", problem);
        }
    }

    /** The file. */
    public Path path() {
        return path;
    }

    /** All tensors by name, in the order of their data. Unmodifiable. */
    public Map<String, TensorInfo> tensors() {
        return header.tensors();
    }

    /** The strings that the writer left under {@code __metadata__}. Unmodifiable. */
    public Map<String, String> metadata() {
        return header.metadata();
    }

    /**
     * What the header says of {@code name}. Throws {@link InvalidFileException} that lists the names when there is
     * none.
     */
    public TensorInfo tensor(String name) throws InvalidFileException {
        TensorInfo info = header.tensors().get(name);
        if (info == null) {
            throw new InvalidFileException(path + " has no tensor \"" + name + "\"; it has "
                    + header.tensors().keySet());
        }
        return info;
    }

    /**
     * Copies elements {@code from} until {@code from + count} of {@code name} to the start of {@code target} as
     * {@code type}. F32, BF16 and F16 are given as F32 or BF16 (rounded to nearest even); I32 and I64 as either (a
     * value that does not fit is an {@link InvalidFileException}); any type as itself.
     */
    public void read(String name, long from, long count, ElementType type, MemorySegment target) throws IOException {
        TensorInfo info = tensor(name);
        requireRange(info, from, count);
        requireConvertible(info, type);
        try (Staging staging = new Staging(count * info.type().bytes())) {
            long step = staging.bytes() / info.type().bytes();
            for (long done = 0; done < count; done += step) {
                long now = Math.min(step, count - done);
                stage(info, from + done, now, staging);
                MemorySegment part = target.asSlice(done * type.bytes(), now * type.bytes());
                convert(info, staging.segment(), type, part, now);
            }
        }
    }

    /**
     * Copies elements {@code from} until {@code from + count} of {@code name} to elements {@code targetFrom} and on
     * of {@code target}.
     */
    public void read(String name, long from, long count, Tensor target, long targetFrom) throws IOException {
        TensorInfo info = tensor(name);
        ElementType type = ElementType.of(target.dtype());
        try (Staging staging = new Staging(count * type.bytes())) {
            long step = staging.bytes() / type.bytes();
            for (long done = 0; done < count; done += step) {
                long now = Math.min(step, count - done);
                read(name, from + done, now, type, staging.segment());
                target.copyFrom(targetFrom + done, now, staging.segment());
            }
        }
    }

    /** Fills {@code target}, which must have the tensor's shape, with all of {@code name}, converted to its dtype. */
    public void read(String name, Tensor target) throws IOException {
        TensorInfo info = tensor(name);
        if (!info.shape().equals(target.shape())) {
            throw new IllegalArgumentException(
                    at(info) + " is " + info.type() + " " + info.shape() + ", which does not fit " + target);
        }
        read(name, 0, target.count(), target, 0);
    }

    /** All elements of an I32 or I64 tensor. */
    public int[] ints(String name) throws IOException {
        int[] result = new int[length(tensor(name))];
        read(name, 0, result.length, ElementType.I32, MemorySegment.ofArray(result));
        return result;
    }

    /** All elements of an I32 or I64 tensor. */
    public long[] longs(String name) throws IOException {
        long[] result = new long[length(tensor(name))];
        read(name, 0, result.length, ElementType.I64, MemorySegment.ofArray(result));
        return result;
    }

    /** All elements of an F32, BF16 or F16 tensor. */
    public float[] floats(String name) throws IOException {
        float[] result = new float[length(tensor(name))];
        read(name, 0, result.length, ElementType.F32, MemorySegment.ofArray(result));
        return result;
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }

    private int length(TensorInfo info) {
        long count = info.shape().count();
        if (count > Integer.MAX_VALUE - 8) {
            throw new IllegalArgumentException(
                    at(info) + " has " + count + " elements: too many for an array, read it in ranges");
        }
        return (int) count;
    }

    private void stage(TensorInfo info, long from, long count, Staging staging) throws IOException {
        int size = info.type().bytes();
        fill(path, channel, dataStart + info.begin() + from * size, staging.first(count * size));
    }

    private void convert(TensorInfo info, MemorySegment source, ElementType type, MemorySegment target, long count)
            throws InvalidFileException {
        if (info.type() == type) {
            MemorySegment.copy(source, 0, target, 0, count * type.bytes());
            return;
        }
        try {
            Conversion.convert(info.type(), source, type, target, count);
        } catch (ArithmeticException overflow) {
            throw new InvalidFileException(at(info) + " has a value that does not fit 32 bits", overflow);
        }
    }

    private void requireConvertible(TensorInfo info, ElementType type) throws InvalidFileException {
        if (info.type() != type && !Conversion.possible(info.type(), type)) {
            String allowed = switch (type) {
                case F32, BF16 -> "F32, BF16 or F16";
                case I32, I64 -> "I64 or I32";
                default -> type.name();
            };
            throw new InvalidFileException(at(info) + " has dtype " + info.type() + ", which cannot be read as " + type
                    + "; allowed: " + allowed);
        }
    }

    private void requireRange(TensorInfo info, long from, long count) {
        if (from < 0 || count < 0 || count > info.shape().count() - from) {
            throw new IndexOutOfBoundsException("elements " + from + " until " + (from + count) + " of " + at(info)
                    + ", which is " + info.type() + " " + info.shape());
        }
    }

    private String at(TensorInfo info) {
        return path + ": tensor \"" + info.name() + "\"";
    }

    private static void fill(Path path, FileChannel channel, long position, ByteBuffer target) throws IOException {
        long at = position;
        while (target.hasRemaining()) {
            int count = channel.read(target, at);
            if (count < 0) {
                throw new InvalidFileException(path + " ends at byte " + at + " while it is read: it was cut short");
            }
            at += count;
        }
    }
}
