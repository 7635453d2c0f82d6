package dev.braid.tensor.parameters;

/**
 * Where a rank stands on the axes that cut parameters before ZeRO divides what is left.
 *
 * @param tensorRanks ranks of the tensor axis, which divide every matrix
 * @param tensorRank this one's place on it
 * @param expertRanks ranks of the expert axis, which hold different experts
 * @param expertRank this one's place on it
 */
public record Place(int tensorRanks, int tensorRank, int expertRanks, int expertRank) {
    /** A rank that holds everything. */
    public static final Place WHOLE = new Place(1, 0, 1, 0);

    /** On the tensor axis alone. */
    public static Place tensor(int ranks, int rank) {
        return new Place(ranks, rank, 1, 0);
    }

    /** Rank {@code rank} of {@code axis} and of {@code experts}. */
    public static Place of(TensorAxis axis, ExpertAxis experts) {
        return new Place(axis.ranks(), axis.rank(), experts.ranks(), experts.rank());
    }
}
