package dev.braid.models;

import java.util.Map;

/** What a {@link Decoder} keeps of one sequence while it decodes token by token: of the layers that its rank holds. */
public final class DecodeState implements AutoCloseable {
    private final Map<Integer, MixerState> mixers;
    private final int longest;
    private int length;

    /** @param mixers by layer */
    DecodeState(Map<Integer, MixerState> mixers, int longest) {
        this.mixers = mixers;
        this.longest = longest;
    }

    /** Tokens taken in so far. */
    public int length() {
        return length;
    }

    MixerState mixer(int layer) {
        return mixers.get(layer);
    }

    void advance(int tokens) {
        if (length + tokens > longest) {
            throw new IllegalArgumentException(
                    "the sequence would be " + (length + tokens) + " tokens long, room is for " + longest);
        }
        length += tokens;
    }

    @Override
    public void close() {
        mixers.values().forEach(MixerState::close);
    }
}
