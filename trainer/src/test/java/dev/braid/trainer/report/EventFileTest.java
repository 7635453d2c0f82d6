package dev.braid.trainer.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EventFileTest {
    private static final InstantSource CLOCK = InstantSource.fixed(Instant.parse("2023-11-14T22:13:20.500Z"));

    /** One record: wall time 1700000000.5, file_version (3) "brain.Event:2". Real files of TensorFlow begin so. */
    private static final String VERSION = "18 00 00 00 00 00 00 00 a3 7f 4b 22 09 00 00 20 40 fc 54 d9 41"
            + " 1a 0d 62 72 61 69 6e 2e 45 76 65 6e 74 3a 32 2b 35 31 10";

    /** Step 300, summary (5) with one value (1): tag (1) "loss", simple_value (2) 2.5. */
    private static final String SCALAR = "1b 00 00 00 00 00 00 00 1a 0d 9e 13 09 00 00 20 40 fc 54 d9 41"
            + " 10 ac 02 2a 0d 0a 0b 0a 04 6c 6f 73 73 15 00 00 20 40 94 a3 24 bf";

    /** Step 31, session_log (7) with status (1) START. */
    private static final String RESTART =
            "0f 00 00 00 00 00 00 00 6d 53 2b 09 09 00 00 20 40 fc 54 d9 41 10 1f 3a 02 08 01 21 7f 83 72";

    @TempDir
    private Path folder;

    @Test
    void shouldWriteTheLiteralBytesOfARecord() throws IOException {
        try (EventFile events = EventFile.create(folder, "host", 42, CLOCK, 0)) {
            assertThat(events.path().getFileName()).hasToString("events.out.tfevents.1700000000.host.42");
            events.scalar("loss", 300, 2.5);
            assertThat(hex(events.path())).isEqualTo(VERSION + " " + SCALAR);
        }
    }

    @Test
    void shouldTellReadersToForgetLaterStepsWhenARunResumes() throws IOException {
        try (EventFile events = EventFile.create(folder, "host", 42, CLOCK, 30)) {
            assertThat(hex(events.path())).isEqualTo(VERSION + " " + RESTART);
        }
    }

    @Test
    void shouldNeverTouchAnExistingFile() throws IOException {
        EventFile.create(folder, "host", 42, CLOCK, 0).close();
        try (EventFile second = EventFile.create(folder, "host", 42, CLOCK, 0);
                EventFile third = EventFile.create(folder, "host", 42, CLOCK, 0)) {
            assertThat(second.path().getFileName()).hasToString("events.out.tfevents.1700000000.host.42.1");
            assertThat(third.path().getFileName()).hasToString("events.out.tfevents.1700000000.host.42.2");
        }
    }

    @Test
    void shouldWriteTheScalarsOfAStepSoThatAReaderFindsThem() throws IOException {
        StepRecord plain = StepRecord.of(1, 3.25, 0.5, 0.001953125, 12345, 512);
        try (EventFile events = EventFile.create(folder, "host", 42, CLOCK, 0)) {
            events.step(plain);
            events.step(plain.withValLoss(Double.POSITIVE_INFINITY));
            List<byte[]> records = records(Files.readAllBytes(events.path()));
            assertThat(records).hasSize(3);
            assertThat(scalars(records.get(1)))
                    .containsExactly("loss 3.25", "grad_norm 0.5", "lr 0.001953125", "tokens_per_second 12345.0");
            assertThat(scalars(records.get(2)))
                    .containsExactly(
                            "loss 3.25",
                            "val_loss Infinity",
                            "grad_norm 0.5",
                            "lr 0.001953125",
                            "tokens_per_second 12345.0");
        }
    }

    @Test
    void shouldWriteTheWaitsOfAStepByAxis() throws IOException {
        StepRecord step = StepRecord.of(1, 3.25, 0.5, 0.001953125, 12345, 512)
                .withWaits(Waits.of(0.5, Map.of("shard", 0.125, "world", 0.0625)));
        try (EventFile events = EventFile.create(folder, "host", 42, CLOCK, 0)) {
            events.step(step);
            assertThat(scalars(records(Files.readAllBytes(events.path())).get(1)))
                    .endsWith("exposed_seconds/shard 0.125", "exposed_seconds/world 0.0625");
        }
    }

    @Test
    void shouldMaskTheChecksum() {
        // The check value of CRC32C is 0xe3069283 for "123456789"; turned right by 15 and plus 0xa282ead8.
        assertThat(EventFile.maskedCrc("123456789".getBytes(StandardCharsets.US_ASCII)))
                .isEqualTo(0xc78ab0e5);
    }

    /** A reader of the framing, which checks both checksums with a CRC of its own. */
    private static List<byte[]> records(byte[] file) {
        List<byte[]> records = new ArrayList<>();
        ByteBuffer in = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
        while (in.hasRemaining()) {
            byte[] length = new byte[8];
            in.get(length);
            assertThat(in.getInt()).isEqualTo(masked(length));
            byte[] data = new byte
                    [(int) ByteBuffer.wrap(length)
                            .order(ByteOrder.LITTLE_ENDIAN)
                            .getLong()];
            in.get(data);
            assertThat(in.getInt()).isEqualTo(masked(data));
            records.add(data);
        }
        return records;
    }

    private static int masked(byte[] data) {
        int crc = -1;
        for (byte value : data) {
            crc ^= value & 0xff;
            for (int bit = 0; bit < 8; bit++) {
                crc = crc >>> 1 ^ ((crc & 1) == 0 ? 0 : 0x82f63b78);
            }
        }
        crc = ~crc;
        return (crc >>> 15 | crc << 17) + 0xa282ead8;
    }

    /** The values of an event with step 1, whose lengths all fit one byte of a varint. */
    private static List<String> scalars(byte[] event) {
        ByteBuffer in = ByteBuffer.wrap(event).order(ByteOrder.LITTLE_ENDIAN);
        assertThat(in.get()).isEqualTo((byte) 0x09);
        assertThat(in.getDouble()).isEqualTo(1700000000.5);
        assertThat(in.getShort()).isEqualTo((short) 0x0110);
        assertThat(in.get()).isEqualTo((byte) 0x2a);
        assertThat(length(in)).isEqualTo(in.remaining());
        List<String> values = new ArrayList<>();
        while (in.hasRemaining()) {
            assertThat(in.get()).isEqualTo((byte) 0x0a);
            int end = length(in) + in.position();
            assertThat(in.get()).isEqualTo((byte) 0x0a);
            byte[] tag = new byte[length(in)];
            in.get(tag);
            assertThat(in.get()).isEqualTo((byte) 0x15);
            values.add(new String(tag, StandardCharsets.UTF_8) + " " + in.getFloat());
            assertThat(in.position()).isEqualTo(end);
        }
        return values;
    }

    private static int length(ByteBuffer in) {
        int low = in.get() & 0xff;
        return low < 0x80 ? low : (low & 0x7f) + (in.get() & 0xff) * 128;
    }

    private static String hex(Path file) throws IOException {
        return HexFormat.ofDelimiter(" ").formatHex(Files.readAllBytes(file));
    }
}
