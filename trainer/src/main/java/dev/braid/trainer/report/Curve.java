package dev.braid.trainer.report;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** What a {@link ComparisonChart} can show of runs over their steps. */
public enum Curve {
    /** Accuracy in validation. */
    ACCURACY("accuracy in validation"),
    /** Loss in validation. */
    VALIDATION("validation loss"),
    /** Loss in training, averaged where there are many steps. */
    TRAINING("training loss");

    private static final int MOST_POINTS = 400;

    private final String words;

    Curve(String words) {
        this.words = words;
    }

    /** The curve of that name in small letters. */
    public static Optional<Curve> named(String name) {
        return Arrays.stream(values())
                .filter(curve -> curve.toString().equals(name))
                .findFirst();
    }

    /** The first that one of the runs has. */
    static Curve usual(List<ComparisonTable.Run> runs) {
        return Arrays.stream(values())
                .filter(curve -> curve.isIn(runs))
                .findFirst()
                .orElse(TRAINING);
    }

    /** Whether one of the runs has it. */
    public boolean isIn(List<ComparisonTable.Run> runs) {
        return runs.stream().anyMatch(run -> of(run).size() > 0);
    }

    Series of(ComparisonTable.Run run) {
        return switch (this) {
            case ACCURACY -> run.history().valAccuracy();
            case VALIDATION -> run.history().valLoss();
            case TRAINING -> run.history().loss().binned(MOST_POINTS);
        };
    }

    String title() {
        return words + " over the steps";
    }

    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
