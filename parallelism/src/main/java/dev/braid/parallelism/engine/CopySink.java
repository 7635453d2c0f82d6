package dev.braid.parallelism.engine;

import dev.braid.tensor.kernels.Addresses;

/** Puts what arrives where it belongs, and tells how much of it is there from the front. */
final class CopySink implements Sink {
    private final Engine engine;
    private final long target;
    private final Prefix prefix;
    private Inbound inbound;

    CopySink(Engine engine, long target, Prefix prefix) {
        this.engine = engine;
        this.target = target;
        this.prefix = prefix;
    }

    void of(Inbound transfer) {
        inbound = transfer;
    }

    @Override
    public void piece(long offset, long address, int bytes) {
        Addresses.copy(address, target + offset, bytes);
        prefix.add(offset, bytes);
    }

    @Override
    public void reference(long offset, long address, long bytes) {
        long[] at = {offset};
        engine.schedule(new CopyTask(engine, inbound.peer, address, target + offset, bytes, copied -> {
            prefix.add(at[0], copied);
            at[0] += copied;
            inbound.consumed(copied);
        }));
    }
}
