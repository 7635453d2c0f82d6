package dev.braid.models;

import dev.braid.config.Faults;
import dev.braid.tensor.Shape;
import dev.braid.tensor.attention.Heads;
import dev.braid.tensor.autograd.RecurrentOperations;

/**
 * The heads of a linear attention.
 *
 * @param heads of all ranks
 * @param key columns of a head of q and k, rows of its state
 * @param value columns of a head of v and of its state
 */
record HeadSizes(int heads, int key, int value) {
    /** Heads that are wider than the kernel takes are cut; narrower parts than this would take many times as long. */
    private static final int NARROWEST = 32;

    /** Columns of all heads of v. */
    int width() {
        return heads * value;
    }

    /** What queries are multiplied by: {@code 1 / sqrt(key)}. */
    float scale() {
        return (float) (1 / Math.sqrt(key));
    }

    /** FLOPs of writing and reading the states, for a token. */
    double flops() {
        return 4.0 * heads * key * value;
    }

    /** The states of one sequence of which this rank has {@code count} heads. */
    Shape state(int count) {
        return Shape.of(1, count, key, value);
    }

    /** Keys must have a size that the recurrence takes; the keys {@code key_size} and {@code value_size} say the sizes. */
    void validate(String path, Faults faults) {
        HeadRules.size(faults, path + ".key_size", key);
        if (HeadRules.positive(faults, path + ".value_size", value)
                && RecurrentOperations.cutWidth(value) < Math.min(value, NARROWEST)) {
            faults.add(
                    path + ".value_size",
                    "is " + value + ", of which the widest divisor that a kernel takes at once (up to "
                            + Heads.MAXIMUM_HEAD_SIZE + ") is " + RecurrentOperations.cutWidth(value),
                    "choose a multiple of 64, or at most " + Heads.MAXIMUM_HEAD_SIZE);
        }
    }
}
