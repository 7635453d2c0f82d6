package dev.braid.trainer.report;

import java.util.Arrays;
import java.util.OptionalDouble;

/** The typical time of a step: the median of recent ones, without the first, in which code is still being compiled. */
final class StepTimes {
    private static final int WARM_UP = 3;
    private static final int WINDOW = 50;

    private final double[] recent = new double[WINDOW];
    private double previous;
    private long seen;
    private long counted;

    /** Notes that a step ended at {@code seconds} of training time. */
    void ended(double seconds) {
        seen++;
        if (seen > WARM_UP) {
            recent[(int) (counted % WINDOW)] = seconds - previous;
            counted++;
        }
        previous = seconds;
    }

    /** Seconds a step, once known. */
    OptionalDouble median() {
        int size = (int) Math.min(counted, WINDOW);
        if (size == 0) {
            return OptionalDouble.empty();
        }
        double[] sorted = Arrays.copyOf(recent, size);
        Arrays.sort(sorted);
        double median = (sorted[(size - 1) / 2] + sorted[size / 2]) / 2;
        return median > 0 ? OptionalDouble.of(median) : OptionalDouble.empty();
    }
}
