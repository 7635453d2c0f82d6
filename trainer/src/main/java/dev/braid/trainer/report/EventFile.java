package dev.braid.trainer.report;

import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.time.InstantSource;
import java.util.zip.CRC32C;

/**
 * A TensorBoard event file: records of {@code u64 length, u32 masked CRC32C of the length bytes, data, u32 masked CRC32C of
 * the data}, little endian, where data is a protocol buffer {@code tensorflow.Event}. Every event is handed to the operating
 * system at once. One thread.
 */
public final class EventFile implements Closeable {
    private static final int MASK_DELTA = 0xa282ead8;

    private final FileChannel channel;
    private final InstantSource clock;
    private final Path path;

    private EventFile(Path path, FileChannel channel, InstantSource clock) {
        this.path = path;
        this.channel = channel;
        this.clock = clock;
    }

    /**
     * Starts a new file {@code events.out.tfevents.SECONDS.HOST.PID} in {@code folder}; an existing one is never touched. When
     * {@code afterStep} is above 0 the run resumes: TensorBoard is told to forget the events of later steps in older files.
     */
    public static EventFile create(Path folder, String host, long pid, InstantSource clock, long afterStep)
            throws IOException {
        Files.createDirectories(folder);
        Instant now = clock.instant();
        String name = "events.out.tfevents." + now.getEpochSecond() + "." + host + "." + pid;
        Path path = folder.resolve(name);
        FileChannel channel = null;
        for (int copy = 1; channel == null; copy++) {
            try {
                channel = FileChannel.open(path, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
            } catch (FileAlreadyExistsException taken) {
                path = folder.resolve(name + "." + copy);
            }
        }
        EventFile file = new EventFile(path, channel, clock);
        file.append(event(now, 0, field(3, "brain.Event:2".getBytes(StandardCharsets.UTF_8))));
        if (afterStep > 0) {
            // Event.session_log (7) with SessionLog.status (1) = START (1): readers drop older events from this step
            // on.
            file.append(event(now, afterStep + 1, field(7, new byte[] {0x08, 1})));
        }
        return file;
    }

    /** Where the file is. */
    public Path path() {
        return path;
    }

    /** Writes one scalar; TensorBoard keeps it as a 32-bit float. */
    public void scalar(String tag, long step, double value) throws IOException {
        append(event(clock.instant(), step, field(5, value(tag, value))));
    }

    /**
     * Writes loss, mtp_N_loss of module N of multi-token prediction, grad_norm, lr, tokens_per_second, val_loss and val_accuracy when
     * evaluated, and exposed_seconds/AXIS where there are several ranks, and routers/N/FIGURE where layer N has a router, as one event.
     */
    public void step(StepRecord record) throws IOException {
        ByteArrayOutputStream summary = new ByteArrayOutputStream();
        summary.writeBytes(value("loss", record.loss()));
        for (int k = 0; k < record.mtpLosses().size(); k++) {
            summary.writeBytes(value(StepRecord.mtpKey(k), record.mtpLosses().get(k)));
        }
        if (record.valLoss().isPresent()) {
            summary.writeBytes(value("val_loss", record.valLoss().getAsDouble()));
        }
        if (record.valAccuracy().isPresent()) {
            summary.writeBytes(value("val_accuracy", record.valAccuracy().getAsDouble()));
        }
        summary.writeBytes(value("grad_norm", record.gradNorm()));
        summary.writeBytes(value("lr", record.lr()));
        summary.writeBytes(value("tokens_per_second", record.tokensPerSecond()));
        record.waits()
                .seconds()
                .forEach((axis, seconds) -> summary.writeBytes(value("exposed_seconds/" + axis, seconds)));
        for (RouterRecord router : record.routers()) {
            summary.writeBytes(RouterSummary.of(router));
        }
        append(event(clock.instant(), record.step(), field(5, summary.toByteArray())));
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }

    private void append(byte[] data) throws IOException {
        ByteBuffer length =
                ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(0, data.length);
        ByteBuffer record = ByteBuffer.allocate(16 + data.length).order(ByteOrder.LITTLE_ENDIAN);
        record.putLong(data.length).putInt(maskedCrc(length.array()));
        record.put(data).putInt(maskedCrc(data)).flip();
        while (record.hasRemaining()) {
            channel.write(record);
        }
    }

    /** CRC32C turned right by 15 bits plus a constant, since a CRC of data that holds its own CRC is weak. */
    static int maskedCrc(byte[] data) {
        CRC32C crc = new CRC32C();
        crc.update(data);
        return Integer.rotateRight((int) crc.getValue(), 15) + MASK_DELTA;
    }

    /** Event: wall_time (1) double seconds, step (2) varint, then {@code content}. */
    private static byte[] event(Instant time, long step, byte[] content) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.write(1 << 3 | 1);
        double seconds = time.getEpochSecond() + time.getNano() / 1e9;
        out.writeBytes(ByteBuffer.allocate(8)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putDouble(0, seconds)
                .array());
        if (step != 0) {
            out.write(2 << 3);
            varint(out, step);
        }
        out.writeBytes(content);
        return out.toByteArray();
    }

    /** Summary.value (1) of Value: tag (1) string, simple_value (2) float. */
    static byte[] value(String tag, double scalar) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.writeBytes(field(1, tag.getBytes(StandardCharsets.UTF_8)));
        out.write(2 << 3 | 5);
        out.writeBytes(ByteBuffer.allocate(4)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putFloat(0, (float) scalar)
                .array());
        return field(1, out.toByteArray());
    }

    /** A length-delimited field. */
    static byte[] field(int number, byte[] content) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.write(number << 3 | 2);
        varint(out, content.length);
        out.writeBytes(content);
        return out.toByteArray();
    }

    private static void varint(ByteArrayOutputStream out, long value) {
        long rest = value;
        while ((rest & ~0x7fL) != 0) {
            out.write((int) (rest & 0x7f) | 0x80);
            rest >>>= 7;
        }
        out.write((int) rest);
    }
}
