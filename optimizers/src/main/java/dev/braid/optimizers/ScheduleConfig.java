package dev.braid.optimizers;

import dev.braid.config.Choice;
import dev.braid.config.Faults;
import dev.braid.config.Key;
import dev.braid.config.Validated;

/**
 * The learning rate as a share of its peak. Steps count from 0; warm-up step s uses (s + 1) / warmup of the peak, so the
 * first step already learns and step warmup - 1 reaches the peak.
 */
public sealed interface ScheduleConfig extends Validated {
    /** Share of the peak in step {@code step} (from 0) of {@code total}. */
    double share(int step, int total);

    /** Reports rules that need the run's number of steps. */
    void validateFor(int total, Faults faults);

    /** Linear warm-up, then the peak. */
    @Choice("constant")
    record Constant(
            @Key(value = "Steps of linear warm-up.", byDefault = "0")
            int warmup) implements ScheduleConfig {
        @Override
        public double share(int step, int total) {
            return step < warmup ? (step + 1.0) / warmup : 1;
        }

        @Override
        public void validate(Faults faults) {
            notNegative("warmup", warmup, faults);
        }

        @Override
        public void validateFor(int total, Faults faults) {
            fits("warmup", warmup, total, faults);
        }
    }

    /** Linear warm-up, then half a cosine down to {@code final} at the last step's end. */
    @Choice("cosine")
    record Cosine(
            @Key(value = "Steps of linear warm-up.", byDefault = "0")
            int warmup,

            @Key(value = "Share of the peak at the end.", name = "final", byDefault = "0.1")
            double last)
            implements ScheduleConfig {
        @Override
        public double share(int step, int total) {
            if (step < warmup) {
                return (step + 1.0) / warmup;
            }
            double progress = (double) (step - warmup) / Math.max(1, total - warmup);
            return last + 0.5 * (1 - last) * (1 + Math.cos(Math.PI * progress));
        }

        @Override
        public void validate(Faults faults) {
            notNegative("warmup", warmup, faults);
            isShare(last, faults);
        }

        @Override
        public void validateFor(int total, Faults faults) {
            fits("warmup", warmup, total, faults);
        }
    }

    /** Warm-up, stable, decay: linear up, the peak, linear down to {@code final} over the last {@code decay} steps. */
    @Choice("wsd")
    record WarmupStableDecay(
            @Key(value = "Steps of linear warm-up.", byDefault = "0")
            int warmup,

            @Key("Steps of linear decay at the end.") int decay,

            @Key(value = "Share of the peak at the end.", name = "final", byDefault = "0.1")
            double last)
            implements ScheduleConfig {
        @Override
        public double share(int step, int total) {
            if (step < warmup) {
                return (step + 1.0) / warmup;
            }
            int left = total - step;
            return left > decay ? 1 : last + (1 - last) * left / decay;
        }

        @Override
        public void validate(Faults faults) {
            notNegative("warmup", warmup, faults);
            notNegative("decay", decay, faults);
            isShare(last, faults);
        }

        @Override
        public void validateFor(int total, Faults faults) {
            fits("decay", warmup + decay, total, faults);
        }
    }

    private static void notNegative(String key, int steps, Faults faults) {
        if (steps < 0) {
            faults.add(key, "is " + steps + " steps, must not be negative", "");
        }
    }

    private static void isShare(double share, Faults faults) {
        if (!(share >= 0 && share <= 1)) {
            faults.add("final", "is " + share + ", must be a share of the peak from 0 to 1", "0.1 is usual");
        }
    }

    private static void fits(String key, int steps, int total, Faults faults) {
        if (total > 0 && steps > total) {
            faults.add(
                    key,
                    "makes warm-up and decay take " + steps + " steps, but train.steps is " + total,
                    "shorten them or train longer");
        }
    }
}
