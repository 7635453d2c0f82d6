package dev.braid.models;

import dev.braid.config.Faults;
import dev.braid.config.Key;

/** What keeps the experts of a mixture equally busy. */
public record BalanceConfig(
        @Key(
                value =
                        "Loss that is added: switch: E sum_e f_e P_e of each micro-batch (GShard, Switch); global: the same"
                                + " with the counts of the global batch so far; sequence: of each sequence (DeepSeek-V3); cv2: squared"
                                + " coefficients of variation of importance and load (Shazeer); none.",
                byDefault = "switch")
        BalanceKind loss,

        @Key(value = "Factor of that loss.", byDefault = "0.01")
        double coefficient,

        @Key(
                value =
                        "Step of the bias that is added to an expert's score for the choice alone, after every training step:"
                                + " up where the expert got fewer tokens than the mean, down where it got more (DeepSeek-V3: 0.001);"
                                + " 0: no bias.",
                byDefault = "0")
        double biasRate,

        @Key(value = "Factor of the mean of logsumexp(logits)^2 (ST-MoE: 0.001).", byDefault = "0")
        double zLoss) {
    /** The default. */
    static final BalanceConfig SWITCH = new BalanceConfig(BalanceKind.SWITCH, 0.01, 0, 0);

    void validate(String path, Faults faults) {
        notNegative(faults, path + ".coefficient", coefficient);
        notNegative(faults, path + ".bias_rate", biasRate);
        notNegative(faults, path + ".z_loss", zLoss);
    }

    private static void notNegative(Faults faults, String key, double value) {
        if (!(value >= 0) || Double.isInfinite(value)) {
            faults.add(key, "is " + value + ", must be 0 or a positive number", "0 switches it off");
        }
    }

    /** Whether there is a bias. */
    public boolean hasBias() {
        return biasRate > 0;
    }
}
