package dev.braid.models;

import dev.braid.config.Faults;
import java.util.stream.IntStream;

/**
 * The heads of a mixer that keeps a state for each: as many as it has heads of values. Neighbouring heads of values share a head
 * of queries and keys.
 *
 * @param keyHeads heads of queries and of keys
 * @param valueHeads heads of values, a multiple of those
 * @param keySize rows of a state
 * @param valueSize columns of a state
 */
record StateHeads(int keyHeads, int valueHeads, int keySize, int valueSize) {
    /** Heads of values that share one of keys. */
    int shared() {
        return valueHeads / keyHeads;
    }

    /** Reports what cannot be, for keys {@code heads}, {@code value_heads}, {@code key_size} and {@code value_size}. */
    void validate(String path, Faults faults) {
        if (!HeadRules.positive(faults, path + ".heads", keyHeads)) {
            return;
        }
        if (valueHeads < 1 || valueHeads % keyHeads != 0) {
            faults.add(
                    path + ".value_heads",
                    "is " + valueHeads + ", which is no multiple of heads " + keyHeads,
                    "such as " + Math.max(1, Math.round((double) valueHeads / keyHeads)) * keyHeads);
        }
        HeadRules.size(faults, path + ".key_size", keySize);
        HeadRules.positive(faults, path + ".value_size", valueSize);
    }

    /**
     * Whether {@code ranks} of the tensor axis can divide the heads so that each has the keys of its values. Where there are fewer
     * heads of keys than ranks, ranks hold copies of one, and its heads of values are divided evenly over them.
     */
    boolean dividesOver(int ranks) {
        return keyHeads >= ranks || ranks % keyHeads == 0 && shared() % (ranks / keyHeads) == 0;
    }

    /** Heads of values that stay on one rank of {@code ranks}: all that share keys, unless ranks hold copies of these. */
    int together(int ranks) {
        return keyHeads >= ranks ? shared() : 1;
    }

    /**
     * Refuses what {@link #dividesOver} does not allow.
     *
     * @param mixer of whose heads the message speaks
     */
    void requireDivides(String mixer, int ranks) {
        if (!dividesOver(ranks)) {
            throw new IllegalArgumentException(mixer + ": " + keyHeads + " heads of keys and " + valueHeads
                    + " of values can't be divided over " + ranks + " tensor ranks; allowed are "
                    + IntStream.rangeClosed(1, valueHeads)
                            .filter(this::dividesOver)
                            .boxed()
                            .toList());
        }
    }
}
