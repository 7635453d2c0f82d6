package dev.braid.parallelism.transport;

import dev.braid.tensor.kernels.Addresses;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;

/** Keeps what a transport delivers. */
public final class Arrivals implements Receiver {
    /** A frame that arrived. */
    public record Frame(long channel, byte[] bytes) {}

    private final List<Frame> frames = new ArrayList<>();
    private final Map<Long, String> closed = new TreeMap<>();
    private Consumer<Frame> listener = frame -> {};

    @Override
    public void frame(long channel, long address, int bytes) {
        byte[] copy = new byte[bytes];
        Addresses.asByteBuffer(address, bytes).get(copy);
        Frame frame = new Frame(channel, copy);
        frames.add(frame);
        listener.accept(frame);
    }

    @Override
    public void closed(long channel, String reason) {
        closed.merge(channel, reason, (first, second) -> {
            throw new AssertionError("channel " + channel + " closed twice: " + first + ", " + second);
        });
    }

    /** Calls {@code listener} during the delivery of each frame. */
    public void onFrame(Consumer<Frame> listener) {
        this.listener = listener;
    }

    /** All frames in the order of their arrival. */
    public List<Frame> frames() {
        return frames;
    }

    /** Channels that ended, with the reasons. */
    public Map<Long, String> closed() {
        return closed;
    }
}
