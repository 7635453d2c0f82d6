package dev.braid.models;

import dev.braid.tensor.Shape;
import dev.braid.tensor.parameters.Division;
import dev.braid.tensor.parameters.Part;

/**
 * How the ranks of the tensor axis divide the heads of a mixer whose neighbouring heads share something: the keys of a group, or
 * nothing, where there are as many groups as heads. The heads of a group stay on one rank; with fewer groups than ranks, ranks
 * hold copies of a group's things and divide its heads.
 *
 * @param heads of all ranks
 * @param groups that share something, a divisor of the heads
 * @param ranks of the tensor axis
 * @param rank this one's place on it
 */
record HeadDivision(int heads, int groups, int ranks, int rank) {
    /** @throws IllegalArgumentException when the ranks can't divide the heads so */
    HeadDivision {
        if (!fits(heads, groups, ranks)) {
            throw new IllegalArgumentException(heads + " heads in " + groups + " groups can't be divided over " + ranks
                    + " tensor ranks; allowed are up to as many ranks as groups, or a multiple of the groups that divides"
                    + " the heads");
        }
    }

    static HeadDivision of(Construction construction, int heads, int groups) {
        return new HeadDivision(heads, groups, construction.tensorRanks(), construction.tensorRank());
    }

    private static boolean fits(int heads, int groups, int ranks) {
        return groups >= ranks || ranks % groups == 0 && heads / groups % (ranks / groups) == 0;
    }

    private int together() {
        return groups >= ranks ? heads / groups : 1;
    }

    /** Of a parameter with {@code size} rows for each head. */
    Division rows(int size) {
        return new Division.Rows((long) together() * size);
    }

    /** Of a parameter with {@code size} columns for each head. */
    Division columns(int size) {
        return new Division.Columns((long) together() * size);
    }

    /** Of a parameter with {@code size} rows for each group. */
    Division groupRows(int size) {
        return new Division.Rows(size);
    }

    /** The first head of this rank. */
    int first() {
        return Math.toIntExact(part().from());
    }

    /** Heads of this rank. */
    int count() {
        return Math.toIntExact(part().shape().extent(0));
    }

    private Part part() {
        return rows(1).part(Shape.of(heads), ranks, rank);
    }

    /** @throws IllegalArgumentException unless a norm over the width of all heads can be divided */
    void requireEven() {
        if (!even()) {
            throw new IllegalArgumentException(heads + " heads that are normalised together can't be divided over "
                    + ranks + " tensor ranks; allowed are ranks that divide the heads");
        }
    }

    /** Whether every rank has equally many heads, as a norm over the width of all heads needs. */
    boolean even() {
        return heads % ranks == 0 && (groups % ranks == 0 || groups < ranks);
    }
}
