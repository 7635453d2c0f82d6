package dev.braid.parallelism.engine;

import dev.braid.tensor.trace.Flight;
import java.util.OptionalLong;

/** An operation as a recorder sees it. Its times are the engine's clock, which is {@link System#nanoTime} but in a simulation. */
record OperationFlight(Operation handle) implements Flight {
    @Override
    public String group() {
        return handle.group.name;
    }

    @Override
    public String operation() {
        return handle.kind.toString();
    }

    @Override
    public long bytes() {
        return handle.bytes;
    }

    @Override
    public long sentBytes() {
        return handle.sentBytes();
    }

    @Override
    public long startedNanos() {
        return handle.startedNanos();
    }

    @Override
    public OptionalLong endedNanos() {
        return handle.done() ? OptionalLong.of(handle.endedNanos()) : OptionalLong.empty();
    }
}
