package dev.braid.parallelism.engine;

import dev.braid.tensor.kernels.Addresses;
import java.util.function.LongConsumer;

/** Copies bytes of this rank, or of a peer that this rank reads in place. */
final class CopyTask implements Task {
    private final Engine engine;
    private final Peer peer;
    private final long source;
    private final long target;
    private final long bytes;
    private final LongConsumer copied;
    private long done;

    /**
     * @param peer whose memory the source is, or null for this rank's own
     * @param copied is told how many bytes more have been copied
     */
    CopyTask(Engine engine, Peer peer, long source, long target, long bytes, LongConsumer copied) {
        this.engine = engine;
        this.peer = peer;
        this.source = source;
        this.target = target;
        this.bytes = bytes;
        this.copied = copied;
    }

    @Override
    public long step(long limit) {
        long now = Math.min(limit, bytes - done);
        if (peer != null && !engine.memory.enter(peer.address)) {
            return 0;
        }
        try {
            Addresses.copy(source + done, target + done, now);
        } finally {
            if (peer != null) {
                engine.memory.leave(peer.address);
            }
        }
        done += now;
        copied.accept(now);
        return now;
    }

    @Override
    public boolean idle() {
        return done == bytes;
    }
}
