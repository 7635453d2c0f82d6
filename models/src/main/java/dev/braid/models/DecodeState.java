package dev.braid.models;

import java.util.Map;

/** What a {@link Decoder} keeps of one sequence while it decodes token by token: of the layers that its rank holds. */
public final class DecodeState implements AutoCloseable {
    private final Map<Integer, MixerState> layers;
    private final int longest;
    private int length;

    /** @param layers by number */
    DecodeState(Map<Integer, MixerState> layers, int longest) {
        this.layers = layers;
        this.longest = longest;
    }

    /** Tokens taken in so far. */
    public int length() {
        return length;
    }

    MixerState layer(int layer) {
        return layers.get(layer);
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
        layers.values().forEach(MixerState::close);
    }
}
