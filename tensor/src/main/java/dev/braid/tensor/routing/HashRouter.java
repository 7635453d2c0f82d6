package dev.braid.tensor.routing;

import dev.braid.tensor.Compute;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.kernels.Addresses;
import dev.braid.tensor.ops.CounterRandom;
import java.util.List;

/**
 * Experts by the token id, from a table that nobody learns; each weighs {@code 1 / slots} (Roller et al. 2021, arXiv 2106.04426). The
 * table is balanced over ids: in any {@code E} ids from a multiple of E on, every expert comes once in each of the {@code slots} columns,
 * and no expert comes twice for an id. It is a pure function of the seed: column j of id {@code b E + i} is {@code sigma_b[(pi_b[i] +
 * shift_b[j]) mod E]} with pseudo-random permutations sigma, pi and shift of the E experts.
 */
public final class HashRouter implements Router {
    private final int slots;
    private final long seed;
    /** I32 [ids, slots] of the ids that have been seen, grown when one beyond them comes. */
    private int[] table = {};

    /** A router to {@code slots} experts a token. */
    public HashRouter(int slots, long seed) {
        this.slots = slots;
        this.seed = seed;
    }

    @Override
    public List<String> matrices() {
        return List.of();
    }

    @Override
    public int slots(int experts) {
        return slots;
    }

    @Override
    public double meanExperts(int experts) {
        return slots;
    }

    @Override
    public void choose(Compute compute, Inputs inputs, Selection selection) {
        if (compute.workers().rehearsing() || inputs.count() == 0) {
            return;
        }
        grow(compute, largestId(inputs.tokens()), inputs.experts());
        long tokensAt = inputs.tokens().address();
        TopK.Rows rows = TopK.rows(inputs, selection);
        TopK.blocks(compute, inputs.count(), (from, to) -> {
            for (int row = from; row < to; row++) {
                for (int e = 0; e < inputs.experts(); e++) {
                    Addresses.setFloat(rows.probabilities(row), e, 0);
                }
                for (int k = 0; k < slots; k++) {
                    int expert = table[Addresses.getInt(tokensAt, row) * slots + k];
                    Addresses.setInt(rows.experts(row), k, expert);
                    Addresses.setFloat(rows.probabilities(row), expert, 1f / slots);
                }
            }
        });
    }

    private static int largestId(Tensor tokens) {
        int largest = 0;
        for (long i = 0; i < tokens.count(); i++) {
            int id = tokens.getInt(i);
            if (id < 0) {
                throw new IllegalArgumentException(
                        "token id " + id + " at index " + i + " has no expert, as it is negative: ids count from 0");
            }
            largest = Math.max(largest, id);
        }
        return largest;
    }

    private void grow(Compute compute, int largest, int experts) {
        int known = table.length / slots;
        if (largest < known) {
            return;
        }
        int[] grown = new int[Math.multiplyExact(Math.ceilDiv(largest + 1, experts) * experts, slots)];
        System.arraycopy(table, 0, grown, 0, table.length);
        int first = known / experts;
        compute.workers().run(grown.length / slots / experts - first, block -> fill(grown, first + block, experts));
        table = grown;
    }

    private void fill(int[] target, int block, int experts) {
        int[] expert = permutation("expert", block, experts);
        int[] place = permutation("place", block, experts);
        int[] shift = permutation("shift", block, experts);
        for (int i = 0; i < experts; i++) {
            for (int k = 0; k < slots; k++) {
                target[(block * experts + i) * slots + k] = expert[(place[i] + shift[k]) % experts];
            }
        }
    }

    /** Fisher and Yates. */
    private int[] permutation(String name, int block, int size) {
        int[] order = new int[size];
        for (int i = 0; i < size; i++) {
            int other = (int) (CounterRandom.uniform(seed, "hash." + name, (long) block * size + i) * (i + 1));
            order[i] = order[other];
            order[other] = i;
        }
        return order;
    }

    @Override
    public void weigh(Compute compute, Inputs inputs, Selection selection) {
        TopK.Rows rows = TopK.rows(inputs, selection);
        TopK.blocks(compute, inputs.count(), (from, to) -> {
            for (int row = from; row < to; row++) {
                for (int k = 0; k < slots; k++) {
                    boolean empty = Addresses.getInt(rows.experts(row), k) < 0;
                    Addresses.setFloat(rows.weights(row), k, empty ? 0 : 1f / slots);
                }
            }
        });
    }

    @Override
    public void gradient(
            Compute compute, Inputs inputs, Selection selection, Gradients gradients, List<Tensor> dLogits) {
        // Nothing was learnt: there are no logits.
    }
}
