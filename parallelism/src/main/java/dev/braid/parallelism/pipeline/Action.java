package dev.braid.parallelism.pipeline;

/**
 * What a rank does for one stage and one micro-batch.
 *
 * @param stage of the model, from 0 at the embedding
 * @param microbatch of the step, from 0
 */
public record Action(Kind kind, int stage, int microbatch) {
    /** The parts of a training step. */
    public enum Kind {
        /** Forward. */
        F,
        /** The gradient of the stage's input: what the stage before waits for. */
        I,
        /** The gradient of the stage's weights: what nobody waits for. */
        W,
        /** Both gradients at once. */
        B;

        /** Whether a stage before waits for it. */
        public boolean passesGradient() {
            return this == I || this == B;
        }

        /** Whether weights get their gradient by it. */
        public boolean addsToWeights() {
            return this == W || this == B;
        }
    }

    /** As schedules are written: {@code 3F1} is the forward of micro-batch 1 through stage 3. */
    @Override
    public String toString() {
        return stage + kind.name() + microbatch;
    }
}
