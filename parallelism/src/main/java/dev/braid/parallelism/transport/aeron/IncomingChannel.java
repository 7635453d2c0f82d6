package dev.braid.parallelism.transport.aeron;

import dev.braid.parallelism.transport.Receiver;
import io.aeron.Image;
import io.aeron.logbuffer.FragmentHandler;
import io.aeron.logbuffer.FrameDescriptor;
import io.aeron.logbuffer.Header;
import org.agrona.DirectBuffer;

/** One sender's channel to this rank. Used by the polling thread. */
final class IncomingChannel implements FragmentHandler {
    private final long id;
    private final Image image;
    private Receiver receiver;
    private boolean refused;
    private long fragments;

    IncomingChannel(long id, Image image) {
        this.id = id;
        this.image = image;
    }

    long id() {
        return id;
    }

    Image image() {
        return image;
    }

    boolean refused() {
        return refused;
    }

    void refuse() {
        refused = true;
    }

    /** Parts of messages larger than a frame that were dropped: we never send such. */
    long fragments() {
        return fragments;
    }

    /** Hands up to {@code limit} frames to {@code target}; a refused channel stays full, which stops its sender. */
    int poll(Receiver target, int limit) {
        if (refused) {
            return 0;
        }
        receiver = target;
        return image.poll(this, limit);
    }

    @Override
    public void onFragment(DirectBuffer buffer, int offset, int length, Header header) {
        if (refused) {
            return;
        }
        if ((header.flags() & FrameDescriptor.UNFRAGMENTED) != FrameDescriptor.UNFRAGMENTED) {
            fragments++;
            return;
        }
        receiver.frame(id, buffer.addressOffset() + offset, length);
    }
}
