package dev.braid.parallelism.engine;

import dev.braid.parallelism.transport.simulated.FrameDescriber;

/** Names frames of the engine in the trace of a simulation. */
final class FrameText implements FrameDescriber {
    private static final String[] KINDS = {
        "?", "hello", "proof", "ready", "heartbeat", "abort", "leave", "data", "reference", "release", "grant"
    };

    @Override
    public String describe(long address, int kept, int bytes) {
        if (!Frame.wellFormed(address, bytes)) {
            return "malformed";
        }
        byte kind = Frame.kind(address);
        if (kind < Frame.DATA) {
            return KINDS[kind];
        }
        return KINDS[kind] + " " + Signature.describe(address) + ", group " + Integer.toHexString(Frame.group(address))
                + ", sequence " + Frame.sequence(address) + ", lane " + Frame.lane(address) + ", offset "
                + Frame.offset(address) + " of " + Frame.total(address);
    }
}
