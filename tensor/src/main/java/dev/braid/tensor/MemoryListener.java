package dev.braid.tensor;

/** Is told of every block that is taken from a {@link Memory} and given back to it. Called under its lock. */
@FunctionalInterface
public interface MemoryListener {
    /** Tells nobody. */
    MemoryListener NONE = (category, bytes) -> {};

    /**
     * The bytes in use have changed.
     *
     * @param bytes above 0 when a block was taken, below when it was given back
     */
    void changed(Category category, long bytes);
}
