package dev.braid.models;

/** Settings of one feed-forward; each permitted record is a kind that {@code type:} can name. */
public sealed interface FeedForwardConfig permits SwiGluConfig {
    /**
     * Declares the parameters of one layer and makes it.
     *
     * @param prefix of the parameters' names: {@code layers.3.ffn.}
     */
    FeedForward build(Construction construction, String prefix);
}
