package dev.braid.models;

/** What a layer keeps of one sequence while decoding. */
record BlockState(MixerState mixer, MixerState ffn) implements AutoCloseable {
    @Override
    public void close() {
        mixer.close();
        ffn.close();
    }
}
