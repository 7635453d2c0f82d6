package dev.braid.models;

/** Settings of one feed-forward; each permitted record is a kind that {@code type:} can name. */
public sealed interface FeedForwardConfig permits SwiGluConfig {}
