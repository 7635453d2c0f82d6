package dev.braid.parallelism.memory;

import dev.braid.parallelism.transport.PeerMemory;
import dev.braid.parallelism.transport.RankAddress;

/** Shares nothing: every byte travels through the transport. For transports that were asked for by name, and for tests. */
public final class NoSharing implements PeerMemory {
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
        throw new IllegalArgumentException("the memory of " + peer + " is not read in place");
    }

    @Override
    public boolean enter(RankAddress peer) {
        return false;
    }

    @Override
    public void leave(RankAddress peer) {
        throw new IllegalStateException("left the memory of " + peer + " without having entered it");
    }

    @Override
    public void withdraw() {}

    @Override
    public void close() {}
}
