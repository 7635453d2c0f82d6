package dev.braid.models;

/** What a mixer, or a feed-forward that looks back, keeps of one sequence while decoding. */
public interface MixerState extends AutoCloseable {
    /** Gives the memory back. */
    @Override
    void close();
}
