package dev.braid.trainer.bench;

/** Hears from rank 0 how a benchmark goes. Called by one thread. */
public interface CommListener {
    /** Warm-up and measurement begin. */
    void started(CommPlan.Point point);

    /** They ended. */
    void measured(CommResult result);

    /** Hears nothing: for ranks other than 0. */
    CommListener NONE = new CommListener() {
        @Override
        public void started(CommPlan.Point point) {}

        @Override
        public void measured(CommResult result) {}
    };
}
