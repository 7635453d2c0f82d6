package dev.braid.parallelism.transport.simulated;

import dev.braid.parallelism.transport.Outgoing;
import dev.braid.parallelism.transport.Receiver;
import dev.braid.parallelism.transport.SendResult;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** Sends texts as frames and keeps the texts that come. */
final class Mailbox implements Receiver, AutoCloseable {
    final List<String> received = new ArrayList<>();
    final List<String> endings = new ArrayList<>();
    long lastAddress;

    private final Arena arena = Arena.ofConfined();
    private final MemorySegment scratch = arena.allocate(4096);

    /** Sends the first byte as header and the rest as payload, then wipes the memory it was sent from. */
    SendResult send(Outgoing channel, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.ISO_8859_1);
        MemorySegment.copy(bytes, 0, scratch, ValueLayout.JAVA_BYTE, 0, bytes.length);
        SendResult result = channel.send(scratch.address(), 1, scratch.address() + 1, bytes.length - 1);
        scratch.fill((byte) 0);
        return result;
    }

    @Override
    public void frame(long channel, long address, int bytes) {
        lastAddress = address;
        received.add(read(address, bytes));
    }

    @Override
    public void closed(long channel, String reason) {
        endings.add(reason);
    }

    static String read(long address, int bytes) {
        byte[] copy = MemorySegment.ofAddress(address).reinterpret(bytes).toArray(ValueLayout.JAVA_BYTE);
        return new String(copy, StandardCharsets.ISO_8859_1);
    }

    @Override
    public void close() {
        arena.close();
    }
}
