package dev.braid.trainer.train;

import dev.braid.tensor.trace.Recorder;

/** Lets tests of other packages hear what a run does. */
public final class RecordedTraining {
    private RecordedTraining() {}

    /** Tells {@code listener} of the phases and actions of all steps. */
    public static void record(TrainingRun run, Recorder listener) {
        run.record(listener);
    }
}
