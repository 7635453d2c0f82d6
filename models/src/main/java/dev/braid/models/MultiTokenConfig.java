package dev.braid.models;

import dev.braid.config.Faults;
import dev.braid.config.Key;
import dev.braid.config.Validated;
import java.util.Optional;

/** Modules behind the last layer that predict tokens further ahead while training: see {@link PredictionModule}. */
public record MultiTokenConfig(
        @Key(
                value =
                        "Number of modules: the k-th predicts the token k + 1 places ahead, as the head predicts the next one;"
                                + " 0: none.",
                byDefault = "1")
        int depth,

        @Key(
                value =
                        "What the mean of their losses counts beside the loss of the next token (DeepSeek-V3: 0.3, later 0.1).",
                byDefault = "0.3")
        double weight,

        @Key("Their layer, as the pattern names layers; that of the last layer when not given.")
        Optional<String> layer)
        implements Validated {
    /** Whether a parameter of this name is one of the modules'. */
    public static boolean ownsParameter(String name) {
        return name.startsWith(PredictionModule.PREFIX);
    }

    static final int MOST_MODULES = 16;

    @Override
    public void validate(Faults faults) {
        if (depth < 0 || depth > MOST_MODULES) {
            faults.add("depth", "is " + depth + ", must be 0 to " + MOST_MODULES, "1 is usual, 0 for none");
        }
        if (!(weight >= 0) || Double.isInfinite(weight)) {
            faults.add(
                    "weight",
                    "is " + weight + ", must be 0 or a positive number",
                    "0.3 is usual, 0.1 late in training");
        }
    }
}
