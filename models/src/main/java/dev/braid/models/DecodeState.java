package dev.braid.models;

import java.util.List;

/** What a {@link Decoder} keeps of one sequence while it decodes token by token. */
public final class DecodeState implements AutoCloseable {
    private final List<MixerState> mixers;
    private final int longest;
    private int length;

    DecodeState(List<MixerState> mixers, int longest) {
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
        mixers.forEach(MixerState::close);
    }
}
