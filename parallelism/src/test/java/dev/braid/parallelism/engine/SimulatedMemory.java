package dev.braid.parallelism.engine;

import dev.braid.parallelism.transport.PeerMemory;
import dev.braid.parallelism.transport.RankAddress;
import dev.braid.tensor.Memory;
import java.util.ArrayList;
import java.util.List;

/**
 * Memory of simulated ranks that peers read in place: all of it lies in this process. Leases are checked: nobody may hold one, or get one, when the owner withdraws.
 */
final class SimulatedMemory implements PeerMemory {
    /** Whose memory can be read. */
    enum Sharing {
        /** Nobody's. */
        NONE,
        /** Everybody's. */
        ALL,
        /** That of ranks on the same host. */
        HOST,
        /** Everybody's, but not all of it. */
        PARTLY
    }

    private static final int OFFSET_BITS = 32;

    private final RankAddress address;
    private final Memory memory;
    private final Sharing sharing;
    private final SimulatedMemory[] world;
    /** Addresses that peers were told of. Their places here are what travels, so that frames are the same in every run. */
    private final List<Long> located = new ArrayList<>();

    private int readers;
    private boolean withdrawn;

    /** Registers itself at its rank in {@code world}. */
    SimulatedMemory(RankAddress address, Memory memory, Sharing sharing, SimulatedMemory[] world) {
        this.address = address;
        this.memory = memory;
        this.sharing = sharing;
        this.world = world;
        world[address.rank()] = this;
    }

    @Override
    public String descriptor() {
        return sharing.name();
    }

    @Override
    public boolean reads(RankAddress peer) {
        return switch (sharing) {
            case NONE -> false;
            case ALL, PARTLY -> true;
            case HOST -> address.sameHost(peer);
        };
    }

    @Override
    public long locate(RankAddress peer, long at, long bytes) {
        boolean shared = sharing != Sharing.PARTLY || (bytes >>> 6 & 1) == 0;
        if (!shared || !memory.contains(at, bytes)) {
            return NOT_SHARED;
        }
        located.add(at);
        return (located.size() - 1L) << OFFSET_BITS;
    }

    @Override
    public long resolve(RankAddress peer, long location, long bytes) {
        SimulatedMemory owner = world[peer.rank()];
        int place = (int) (location >>> OFFSET_BITS);
        long offset = location & ((1L << OFFSET_BITS) - 1);
        if (place < 0
                || place >= owner.located.size()
                || !owner.memory.contains(owner.located.get(place) + offset, bytes)) {
            throw new IllegalArgumentException(bytes + " bytes at " + location + " are not memory of " + peer);
        }
        return owner.located.get(place) + offset;
    }

    @Override
    public boolean enter(RankAddress peer) {
        SimulatedMemory owner = world[peer.rank()];
        if (owner.withdrawn) {
            return false;
        }
        owner.readers++;
        return true;
    }

    @Override
    public void leave(RankAddress peer) {
        SimulatedMemory owner = world[peer.rank()];
        if (owner.readers == 0 || owner.withdrawn) {
            throw new AssertionError("a lease of the memory of " + peer + " ended that is none");
        }
        owner.readers--;
    }

    @Override
    public void withdraw() {
        if (readers > 0) {
            throw new AssertionError(address + " withdraws while it is read: it would wait for ever");
        }
        withdrawn = true;
    }

    boolean withdrawn() {
        return withdrawn;
    }

    @Override
    public void close() {
        withdraw();
    }
}
