package dev.braid.trainer.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import org.junit.jupiter.api.Test;

class FrameTest {
    @Test
    void shouldReadBackWhatItWrote() throws IOException {
        Frame frame = new Frame(Frame.Kind.EVENT, "{\"text\":\"loss ↓ 2.5\"}");

        assertThat(read(bytes(frame))).isEqualTo(frame);
    }

    @Test
    void shouldBeKindThenLengthThenText() throws IOException {
        assertThat(bytes(new Frame(Frame.Kind.EVENT, "hi"))).containsExactly(4, 0, 0, 0, 2, 'h', 'i');
    }

    @Test
    void shouldRejectATextBeyondTheLimitBeforeItIsSent() {
        Frame frame = new Frame(Frame.Kind.EVENT, "x".repeat(Frame.LIMIT + 1));

        assertThatThrownBy(() -> bytes(frame))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("a message of 16777217 bytes is too long; the limit is 16777216");
    }

    @Test
    void shouldRejectAnUnknownKindOrAnImpossibleLength() {
        assertThatThrownBy(() -> read(new byte[] {99, 0, 0, 0, 0}))
                .isInstanceOf(IOException.class)
                .hasMessage("not a message of a rank: kind 99, length 0");
        assertThatThrownBy(() -> read(new byte[] {4, 0x7f, 0, 0, 0}))
                .isInstanceOf(IOException.class)
                .hasMessage("not a message of a rank: kind 4, length 2130706432");
    }

    @Test
    void shouldRejectBytesThatAreNoText() {
        assertThatThrownBy(() -> read(new byte[] {4, 0, 0, 0, 1, (byte) 0xff}))
                .isInstanceOf(IOException.class)
                .hasMessage("a message of kind EVENT is not UTF-8");
    }

    @Test
    void shouldReportTheEndWhenTheOtherSideHasClosedInTheMiddle() {
        assertThatThrownBy(() -> read(new byte[] {4, 0, 0, 0, 9, 'a'})).isInstanceOf(EOFException.class);
    }

    private static byte[] bytes(Frame frame) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        frame.write(new DataOutputStream(bytes));
        return bytes.toByteArray();
    }

    private static Frame read(byte[] bytes) throws IOException {
        return Frame.read(new DataInputStream(new ByteArrayInputStream(bytes)));
    }
}
