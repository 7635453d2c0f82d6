package dev.braid.parallelism.engine;

import dev.braid.parallelism.transport.PeerMemory;
import dev.braid.parallelism.transport.RankAddress;

/** Shares nothing: every byte travels in frames. */
final class NoMemory implements PeerMemory {
    @Override
    public String descriptor() {
        return "";
    }

    @Override
    public boolean reads(RankAddress peer) {
        return false;
    }

    @Override
    public long locate(RankAddress peer, long address, long bytes) {
        return NOT_SHARED;
    }

    @Override
    public long resolve(RankAddress peer, long location, long bytes) {
        throw new IllegalArgumentException("nothing is shared");
    }

    @Override
    public boolean enter(RankAddress peer) {
        return false;
    }

    @Override
    public void leave(RankAddress peer) {}

    @Override
    public void withdraw() {}

    @Override
    public void close() {}
}
