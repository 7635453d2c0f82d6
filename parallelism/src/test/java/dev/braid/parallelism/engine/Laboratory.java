package dev.braid.parallelism.engine;

import dev.braid.parallelism.transport.simulated.FramePool;
import dev.braid.parallelism.transport.simulated.NetworkFaults;
import dev.braid.parallelism.transport.simulated.Trace;
import dev.braid.tensor.Memory;
import java.util.ArrayList;
import java.util.List;

/** What thousands of scenarios use, one after the other: a memory for each rank, frames, a trace. */
final class Laboratory implements AutoCloseable {
    private static final int MOST_RANKS = 8;
    private static final int MOST_FRAME = 4096;
    private static final int TRACED = 2000;

    final Values values = new Values();
    final FramePool pool = new FramePool(MOST_FRAME);
    final Trace trace = new Trace(TRACED, new FrameText());
    private final List<Memory> memories = new ArrayList<>();

    Laboratory() {
        for (int rank = 0; rank < MOST_RANKS; rank++) {
            memories.add(new Memory());
        }
    }

    Memory memory(int rank) {
        return memories.get(rank);
    }

    long live() {
        return memories.stream().mapToLong(Memory::live).sum();
    }

    /** Runs a program under some faults to its end. */
    Outcome run(long seed, Program program, NetworkFaults faults) {
        try (Scenario scenario = new Scenario(this, seed, program, faults)) {
            return scenario.run();
        }
    }

    @Override
    public void close() {
        memories.forEach(Memory::close);
        pool.close();
        values.close();
    }
}
