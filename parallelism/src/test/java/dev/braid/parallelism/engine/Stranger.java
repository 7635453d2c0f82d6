package dev.braid.parallelism.engine;

import dev.braid.parallelism.control.ControlCodec;
import dev.braid.parallelism.control.ControlMessage;
import dev.braid.parallelism.transport.Outgoing;
import dev.braid.parallelism.transport.RankAddress;
import dev.braid.parallelism.transport.Receiver;
import dev.braid.parallelism.transport.SendResult;
import dev.braid.parallelism.transport.Transport;
import dev.braid.tensor.kernels.Addresses;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.zip.CRC32C;

/** Somebody who is no rank: knows where a rank listens, may have overheard what passed, and sends what it likes. */
final class Stranger implements AutoCloseable {
    private static final long DEADLINE_NANOS = 20_000_000_000L;
    private static final int MOST = 8192;

    private final Transport transport;
    private final Arena arena = Arena.ofConfined();
    private final MemorySegment frame = arena.allocate(MOST, 64);
    private Outgoing channel;

    Stranger(Transport transport, RankAddress victim) {
        this.transport = transport;
        dial(victim);
    }

    /** Opens another channel; the one before is closed. */
    void dial(RankAddress victim) {
        hangUp();
        channel = transport.dial(victim);
    }

    void hangUp() {
        if (channel != null) {
            flush();
            channel.close();
        }
    }

    /** A frame whose form, length and checksum are right. */
    static byte[] frame(byte kind, long epoch, int source, byte[] payload) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment memory = arena.allocate(Frame.HEADER + payload.length, 64);
            long at = memory.address();
            Frame.write(at, kind, payload.length, epoch, source);
            Addresses.copyFrom(payload, at + Frame.HEADER);
            Frame.seal(at, 0, at + Frame.HEADER, payload.length, false, new CRC32C());
            byte[] bytes = new byte[Frame.HEADER + payload.length];
            Addresses.copyTo(at, bytes);
            return bytes;
        }
    }

    static byte[] frame(byte kind, long epoch, int source, ControlMessage message) {
        return frame(kind, epoch, source, new ControlCodec().encode(message));
    }

    /** Sends bytes as one frame; false when the other side has closed the channel. */
    boolean send(byte[] bytes) {
        Addresses.copyFrom(bytes, frame.address());
        long start = System.nanoTime();
        SendResult result = SendResult.BUSY;
        while (result == SendResult.BUSY) {
            result = channel.send(frame.address(), bytes.length, frame.address(), 0);
            if (System.nanoTime() - start > DEADLINE_NANOS) {
                throw new AssertionError("nobody takes frames: " + transport.describe());
            }
            poll();
        }
        return result == SendResult.SENT;
    }

    /** Lets what was sent leave. */
    private void flush() {
        for (int i = 0; i < 4; i++) {
            poll();
        }
    }

    private void poll() {
        transport.poll(
                new Receiver() {
                    @Override
                    public void frame(long from, long address, int bytes) {}

                    @Override
                    public void closed(long from, String reason) {}
                },
                16);
    }

    @Override
    public void close() {
        hangUp();
        transport.close();
        arena.close();
    }
}
