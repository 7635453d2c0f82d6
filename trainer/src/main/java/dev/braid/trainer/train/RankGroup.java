package dev.braid.trainer.train;

/** The ranks of a run as a training step sees them. Used by the rank's thread. */
public interface RankGroup {
    /** A rank that trains alone. */
    RankGroup ALONE = new RankGroup() {
        @Override
        public int dataRanks() {
            return 1;
        }

        @Override
        public int dataRank() {
            return 0;
        }

        @Override
        public boolean countsLosses() {
            return true;
        }

        @Override
        public void sum(int[] values) {}
    };

    /** Ranks that the sequences of a step are divided over. */
    int dataRanks();

    /** This one's place among them. */
    int dataRank();

    /** Whether this rank answers for the losses of its sequences: one of the ranks that see the same ones does. */
    boolean countsLosses();

    /** Replaces {@code values} by their sums over all ranks of the run. */
    void sum(int[] values);
}
