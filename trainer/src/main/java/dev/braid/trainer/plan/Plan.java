package dev.braid.trainer.plan;

import dev.braid.models.Architecture;

/**
 * What a run will need, found from its declaration. The memory is that of the first rank; others need as much or slightly less.
 *
 * @param input what was planned
 * @param parameters trained elements over all ranks
 * @param activeParameters those that a token uses on average; model FLOPs count these alone
 * @param held bytes that a rank holds all the time
 * @param peak bytes at the fullest moment of a step
 * @param keeping peak if blocks are not run again in backward
 * @param recomputing peak if they are
 * @param largestTransient name of the largest of what comes and goes
 * @param largestTransientBytes its size
 * @param wire bytes that a rank sends in a step
 * @param modelFlops of a step over all ranks, counted as usual: without what is run again
 * @param rankFlops that a rank carries out in a step, with what is run again
 */
public record Plan(
        PlanInput input,
        long parameters,
        long activeParameters,
        ZeroMemory held,
        Footprint peak,
        Footprint keeping,
        Footprint recomputing,
        String largestTransient,
        long largestTransientBytes,
        WireBytes wire,
        double modelFlops,
        double rankFlops) {

    /**
     * Plans a run.
     *
     * @throws IllegalArgumentException when heads can't be divided over the tensor axis
     */
    public static Plan of(PlanInput input) {
        Architecture architecture = architecture(input);
        StepMemory.Result keeping =
                StepMemory.of(input.withMicrobatch(input.microbatch(), false), UnitSize.of(architecture));
        StepMemory.Result again =
                StepMemory.of(input.withMicrobatch(input.microbatch(), true), UnitSize.of(architecture));
        StepMemory.Result chosen = input.recompute() ? again : keeping;
        double perToken = architecture.flopsPerToken(input.sequence());
        double head = 6.0
                * input.vocabulary()
                * input.model().dim()
                * (1 + input.model().predictionDepth());
        // A third of a block's arithmetic is its forward pass.
        double carriedOut = perToken + (input.recompute() ? (perToken - head) / 3 : 0);
        return new Plan(
                input,
                architecture.parameters().count(),
                architecture.parameters().activeCount(),
                chosen.held(),
                chosen.peak(),
                keeping.peak(),
                again.peak(),
                chosen.largestTransient(),
                chosen.largestTransientBytes(),
                WireBytes.of(input, architecture),
                perToken * input.tokens(),
                carriedOut * input.tokens() / input.mesh().ranks());
    }

    private static Architecture architecture(PlanInput input) {
        return new Architecture(input.model(), input.vocabulary(), input.compute(), input.place());
    }

    /** Bytes of a rank at the fullest moment of a step. */
    static long peakBytes(PlanInput input) {
        return StepMemory.of(input, UnitSize.of(architecture(input))).peak().total();
    }

    /** Bytes of a rank at the fullest moment of a step. */
    public long total() {
        return peak.total();
    }

    /** Tokens a second of all ranks when each keeps up {@code rate} FLOP/s and never waits for another. */
    public double tokensPerSecond(double rate) {
        return input.tokens() * rate / rankFlops;
    }
}
