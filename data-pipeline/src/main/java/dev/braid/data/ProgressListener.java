package dev.braid.data;

/** Hears how the preparation of data goes on. Called from Spark's scheduler thread: return quickly, never block. */
@FunctionalInterface
public interface ProgressListener {
    /** Hears nothing. */
    ProgressListener NONE = progress -> {};

    /** One more piece of work is done. */
    void progress(Progress progress);

    /** What is being done. */
    enum Phase {
        /** Reads the sources that have a limit, to find where it falls. */
        MEASURE("measuring"),
        /** Counts the words for the tokenizer. */
        COUNT("counting words"),
        /** Finds the merges of the tokenizer; {@code documents} counts merges. */
        MERGE("finding merges"),
        /** Encodes the documents and writes the shards. */
        ENCODE("encoding");

        private final String text;

        Phase(String text) {
            this.text = text;
        }

        /** For people. */
        public String text() {
            return text;
        }
    }

    /**
     * How far a phase is.
     *
     * @param documents documents done in this phase (merges in {@link Phase#MERGE})
     * @param bytes bytes of clean text done in this phase
     * @param fraction done part of this phase, 0 to 1
     * @param bytesPerSecond mean speed of this phase
     * @param secondsLeft estimate for this phase
     */
    record Progress(
            Phase phase, long documents, long bytes, double fraction, double bytesPerSecond, double secondsLeft) {}
}
