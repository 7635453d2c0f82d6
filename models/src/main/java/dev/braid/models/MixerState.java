package dev.braid.models;

/** What a mixer keeps of one sequence while decoding. */
public interface MixerState extends AutoCloseable {
    /** Gives the memory back. */
    @Override
    void close();
}
