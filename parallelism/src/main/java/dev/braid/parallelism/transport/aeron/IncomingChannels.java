package dev.braid.parallelism.transport.aeron;

import dev.braid.parallelism.transport.Receiver;
import io.aeron.Image;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

/**
 * The channels by which frames come to a rank. Aeron's thread announces them; the polling thread takes them in, reads from them in
 * turn, and drops them. More than a bound are turned away, so that strangers cannot fill the memory.
 */
final class IncomingChannels {
    private final AeronClient client;
    private final int most;
    private final Queue<Image> appeared = new ConcurrentLinkedQueue<>();
    private final Queue<Image> disappeared = new ConcurrentLinkedQueue<>();
    private final List<IncomingChannel> channels = new ArrayList<>();
    private long count;
    private int first;
    private long turnedAway;
    private long fragments;

    IncomingChannels(AeronClient client, int most) {
        this.client = client;
        this.most = most;
    }

    /** Called by Aeron's thread. */
    void appear(Image image) {
        appeared.add(image);
    }

    /** Called by Aeron's thread. */
    void disappear(Image image) {
        disappeared.add(image);
    }

    int poll(Receiver receiver, int limit) {
        int work = takeIn();
        work += read(receiver, limit);
        work += drop(receiver);
        return work;
    }

    /** Tells {@code receiver} that all channels have ended. */
    int end(Receiver receiver, String reason) {
        int ended = 0;
        for (IncomingChannel channel : channels) {
            if (!channel.refused()) {
                receiver.closed(channel.id(), reason);
                ended++;
            }
        }
        channels.clear();
        return ended;
    }

    void refuse(long id) {
        for (IncomingChannel channel : channels) {
            if (channel.id() == id && !channel.refused()) {
                channel.refuse();
                reject(channel.image(), "refused");
            }
        }
    }

    /** Bytes of the log buffers that senders beyond this host's memory make here. */
    long bufferBytes() {
        long bytes = 0;
        for (IncomingChannel channel : channels) {
            bytes += AeronSizes.log(channel.image().termBufferLength());
        }
        return bytes;
    }

    String describe() {
        long dropped = fragments;
        for (IncomingChannel channel : channels) {
            dropped += channel.fragments();
        }
        return channels.size() + " incoming channels (at most " + most + "), " + turnedAway + " turned away, " + dropped
                + " parts of foreign messages dropped";
    }

    private int takeIn() {
        int work = 0;
        for (Image image = appeared.poll(); image != null; image = appeared.poll()) {
            work++;
            if (channels.size() < most) {
                long id = (++count << 32) | (image.sessionId() & 0xFFFFFFFFL);
                channels.add(new IncomingChannel(id, image));
            } else {
                turnedAway++;
                reject(image, "too many channels");
            }
        }
        return work;
    }

    /** One quantum a channel and round, so that a fast sender cannot keep the others waiting. */
    private int read(Receiver receiver, int limit) {
        int size = channels.size();
        if (size == 0) {
            return 0;
        }
        first = first + 1 < size ? first + 1 : 0;
        int quantum = Math.max(1, limit / size);
        int work = 0;
        int progress;
        do {
            progress = 0;
            for (int i = 0; i < size && work + progress < limit; i++) {
                int index = first + i < size ? first + i : first + i - size;
                progress += channels.get(index).poll(receiver, quantum);
            }
            work += progress;
        } while (progress > 0 && work < limit);
        return work;
    }

    private int drop(Receiver receiver) {
        int work = 0;
        for (Image image = disappeared.poll(); image != null; image = disappeared.poll()) {
            for (int i = 0; i < channels.size(); i++) {
                IncomingChannel channel = channels.get(i);
                if (channel.image() == image) {
                    channels.remove(i);
                    fragments += channel.fragments();
                    work++;
                    if (!channel.refused()) {
                        receiver.closed(channel.id(), ending(image));
                    }
                    break;
                }
            }
        }
        return work;
    }

    private String ending(Image image) {
        if (!client.fault().isEmpty()) {
            return client.fault();
        }
        return "the sender at " + image.sourceIdentity()
                + (image.isEndOfStream() ? " has closed the channel" : " is gone without having closed the channel");
    }

    private void reject(Image image, String reason) {
        client.execute(aeron -> {
            if (!image.isClosed()) {
                try {
                    image.reject(reason);
                } catch (RuntimeException goneMeanwhile) {
                    // Nothing is read from it any more; that is enough.
                }
            }
        });
    }
}
