package dev.braid.parallelism.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.braid.parallelism.CommunicationException.Kind;
import dev.braid.parallelism.control.ControlMessage.Abort;
import dev.braid.parallelism.control.ControlMessage.Hello;
import dev.braid.parallelism.control.ControlMessage.Leave;
import dev.braid.parallelism.control.ControlMessage.Proof;
import dev.braid.parallelism.control.ControlMessage.Ready;
import java.nio.ByteBuffer;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

final class ControlCodecTest {
    private static final byte[] NONCE = HexFormat.of().parseHex("000102030405060708090a0b0c0d0e0f");

    private final ControlCodec codec = new ControlCodec();

    @Test
    void shouldWriteTheDocumentedBytes() throws MalformedMessageException {
        // Class number 17 is written as 19 (Kryo adds 2), then from, to, the nonce, the code.
        byte[] mac = new byte[32];
        mac[31] = 7;
        byte[] bytes = codec.encode(new Proof(1, 200, NONCE, mac));
        assertThat(HexFormat.of().formatHex(bytes))
                .isEqualTo("13" + "01" + "c801" + "000102030405060708090a0b0c0d0e0f" + "00".repeat(31) + "07");
    }

    @Test
    void shouldReadBackEachMessage() throws MalformedMessageException {
        Hello hello = (Hello) codec.decode(codec.encode(new Hello("run-7", 3, 0, 63, NONCE)));
        assertThat(hello.runId()).isEqualTo("run-7");
        assertThat(List.of(hello.attempt(), hello.from(), hello.to())).containsExactly(3, 0, 63);
        assertThat(hello.nonce()).isEqualTo(NONCE);

        Proof proof = (Proof) codec.decode(codec.encode(new Proof(4, 5, NONCE, new byte[32])));
        assertThat(List.of(proof.from(), proof.to())).containsExactly(4, 5);
        assertThat(proof.nonce()).isEqualTo(NONCE);
        assertThat(proof.mac()).isEqualTo(new byte[32]);

        for (ControlMessage message : List.of(
                new Ready(8, 9, true),
                new Abort(2, Kind.SILENT, List.of(1, 3, Integer.MAX_VALUE), "rank 1 died: größer als 雪"),
                new Abort(0, Kind.SILENT, List.of(), ""),
                new Leave(6))) {
            assertThat(codec.decode(codec.encode(message))).isEqualTo(message);
        }
    }

    @Test
    void shouldReadTheRestOfABufferAndLeaveItsPosition() throws MalformedMessageException {
        ByteBuffer buffer = ByteBuffer.allocateDirect(16);
        buffer.position(5).put(codec.encode(new Leave(6))).flip().position(5);
        assertThat(codec.decode(buffer)).isEqualTo(new Leave(6));
        assertThat(buffer.position()).isEqualTo(5);
    }

    @Test
    void shouldCutAnAbortSoThatItFitsInto4096Bytes() throws MalformedMessageException {
        // 5 bytes for each of 256 ranks and 3 bytes a character: 1000 of them would not fit.
        List<Integer> ranks =
                IntStream.range(0, 1000).map(i -> Integer.MAX_VALUE - i).boxed().toList();
        Abort abort = ControlCodec.abort(3, Kind.SILENT, ranks, "雪".repeat(5000));
        assertThat(abort.missing()).hasSize(256).first().isEqualTo(Integer.MAX_VALUE);
        assertThat(abort.reason()).hasSize(917);
        byte[] bytes = codec.encode(abort);
        assertThat(bytes).hasSizeBetween(4000, 4096);
        assertThat(codec.decode(bytes)).isEqualTo(abort);
        assertThat(ControlCodec.abort(3, Kind.SILENT, ranks, "x".repeat(5000)).reason())
                .hasSize(1000);
        // The last pair of surrogates would be cut in two.
        assertThat(ControlCodec.abort(3, Kind.SILENT, ranks, "x".repeat(999) + "😀")
                        .reason())
                .isEqualTo("x".repeat(999));
    }

    @Test
    void shouldRefuseToWriteWhatBreaksALimit() {
        assertRefused(new Hello("", 0, 0, 1, NONCE), "run id has 0 characters, must have 1 to 128");
        assertRefused(new Hello("x".repeat(129), 0, 0, 1, NONCE), "run id has 129 characters");
        assertRefused(new Hello("run", -1, 0, 1, NONCE), "attempt is -1, must not be negative");
        assertRefused(new Hello("run", 0, 0, 1, new byte[15]), "nonce has 15 bytes, must have 16");
        assertRefused(new Proof(0, 1, NONCE, new byte[31]), "mac has 31 bytes, must have 32");
        assertRefused(new Ready(0, -4, true), "to is -4");
        assertRefused(new Leave(-1), "from is -1");
        assertRefused(new Abort(0, Kind.SILENT, List.of(), "x".repeat(1001)), "reason has 1001 characters");
        assertRefused(
                new Abort(0, Kind.SILENT, IntStream.range(0, 257).boxed().toList(), ""),
                "257 missing ranks, at most 256");
        List<Integer> ranks =
                IntStream.range(0, 256).map(i -> Integer.MAX_VALUE).boxed().toList();
        assertRefused(new Abort(0, Kind.SILENT, ranks, "雪".repeat(1000)), "Abort takes more than 4096 bytes");
    }

    @Test
    void shouldWorkOnAfterARefusal() throws MalformedMessageException {
        assertRefused(new Leave(-1), "from is -1");
        assertMalformed("16", "not a control message");
        assertThat(codec.decode(codec.encode(new Leave(1)))).isEqualTo(new Leave(1));
    }

    @Test
    void shouldRefuseBytesThatAreNoMessage() {
        assertMalformed("", "underflow");
        assertMalformed("00", "null in place of a message");
        assertMalformed("01" + "00" + "8a" + "6a6176612e4c6f6e67", "a class name in place of a class number");
        assertMalformed("7f", "unregistered class ID: 125");
        // Kryo's own number of String, and the length of a text of a billion characters.
        assertMalformed("03" + "c0ffffff7f", "class number 1 is not a message");
        assertMalformed("16" + "06" + "00", "1 bytes follow the message Leave");
        assertMalformed("16" + "ffffffff0f", "from is -1, must not be negative");
        assertMalformed("15" + "00" + "01" + "ffffffff07" + "00", "2147483647 missing ranks, at most 256 are allowed");
        assertMalformed("15" + "00" + "07", "kind is 7, at most 6 is allowed");
        assertMalformed("15" + "00" + "01" + "8002" + "00", "256 missing ranks in 1 bytes");
        assertMalformed(
                "15" + "00" + "01" + "00" + "ffffffff07" + "61", "reason needs 2147483647 bytes, only 1 are left");
        assertMalformed("15" + "00" + "01" + "00" + "02" + "c328", "reason is not UTF-8");
        assertMalformed("13" + "01" + "02" + "0001", "nonce needs 16 bytes, only 2 are left");
    }

    @Test
    void shouldRefuseMoreThan4096BytesUnread() {
        assertThatThrownBy(() -> codec.decode(new byte[4097]))
                .isInstanceOf(MalformedMessageException.class)
                .hasMessage("a control message of 4097 bytes, at most 4096 are allowed");
    }

    private void assertRefused(ControlMessage message, String reason) {
        assertThatThrownBy(() -> codec.encode(message))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(reason);
    }

    private void assertMalformed(String hex, String reason) {
        assertThatThrownBy(() -> codec.decode(HexFormat.of().parseHex(hex)))
                .isInstanceOf(MalformedMessageException.class)
                .hasMessageContaining(reason);
    }
}
