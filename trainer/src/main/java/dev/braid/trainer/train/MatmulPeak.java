package dev.braid.trainer.train;

import dev.braid.tensor.Compute;
import dev.braid.trainer.config.Experiment;

/** The measured peak of matrix products that the share in the progress line refers to. */
final class MatmulPeak {
    private MatmulPeak() {}

    /** FLOP/s of the best large square product in the experiment's compute dtype, in memory of its own. */
    static double measure(Experiment experiment, int cores) {
        try (Compute compute = new Compute(cores, experiment.engine(), "peak")) {
            return compute.matmul().peakGflops(experiment.precision().computeType()) * 1e9;
        }
    }
}
