package dev.braid.models;

import dev.braid.config.Choice;
import dev.braid.config.Faults;
import dev.braid.config.Key;
import java.util.Optional;

/**
 * Mamba-2 (Dao and Gu 2024, arXiv 2405.21060), for each head with the B and C of its group:
 * <pre>
 * z, x, B, C, dt = projections of the input,    x, B, C = silu(convolution of each column over the last tokens)
 * d_t = softplus(dt_t + dt_bias),    S_t = e^(-d_t e^a_log) S_{t-1} + B_t (d_t x_t)^T,    y_t = S_t^T C_t + d x_t
 * output(norm(y * silu(z)))
 * </pre>
 *
 * <p>Products between positions cost {@code 4 heads head_size state_size} FLOPs a token forward, at any length. A decoder keeps
 * the states, {@code heads head_size state_size} numbers, and the last {@code conv - 1} inputs of the convolution.
 */
@Choice("mamba2")
public record Mamba2Config(
        @Key("Heads: states with a step and a decay of their own.")
        int heads,

        @Key(value = "Columns of a head of x.", derived = "2 dim / heads")
        Optional<Integer> headSize,

        @Key(value = "Rows of a state: size of B and C.", byDefault = "128")
        int stateSize,

        @Key(value = "Groups of heads that share B and C, a divisor of heads.", byDefault = "1")
        int groups,

        @Key(value = "Tokens that the convolution over x, B and C sees.", byDefault = "4")
        int conv,

        @Key(value = "A bias in the convolution.", byDefault = "true")
        boolean convBias,

        @Key(value = "Biases on the projections of the input.", byDefault = "false")
        boolean bias,

        @Key(value = "A bias on the output projection.", byDefault = "false")
        boolean outputBias,

        @Key(
                value = "RMSNorm and gate: norm(y silu(z)) is gate_first, norm(y) silu(z) norm_first, y silu(z) none.",
                byDefault = "gate_first")
        GatedNorm norm,

        @Key(value = "Groups of columns that are normalised apart, a divisor of heads.", byDefault = "1")
        int normGroups,

        @Key(value = "Least step, after the softplus.", byDefault = "0")
        double minStep,

        @Key(value = "Greatest step, after the softplus; none for no limit.")
        Optional<Double> maxStep,

        @Key(value = "Fixed factors of the projections (Falcon-H1: ssm_multipliers); none for ones.")
        Optional<Mamba2Factors> factors)
        implements MixerConfig {

    /** Where the gate comes in. */
    public enum GatedNorm {
        /** Before the norm. */
        GATE_FIRST,
        /** After the norm. */
        NORM_FIRST,
        /** There is no norm. */
        NONE
    }

    /** Columns of a head of x in a model of width {@code dim}. */
    public int headSize(int dim) {
        return headSize.orElse(2 * dim / heads);
    }

    @Override
    public void validate(int dim, String path, Faults faults) {
        if (!HeadRules.positive(faults, path + ".heads", heads)) {
            return;
        }
        if (headSize.isEmpty() && 2 * dim % heads != 0) {
            faults.add(
                    path + ".heads",
                    "is " + heads + ", which does not divide twice model.dim, " + 2 * dim,
                    "choose a divisor, or give head_size");
        }
        HeadRules.size(faults, path + (headSize.isPresent() ? ".head_size" : ".heads"), headSize(dim));
        HeadRules.size(faults, path + ".state_size", stateSize);
        if (HeadRules.positive(faults, path + ".groups", groups)) {
            HeadRules.divides(faults, path + ".groups", groups, "heads", heads);
        }
        if (HeadRules.positive(faults, path + ".norm_groups", normGroups)) {
            HeadRules.divides(faults, path + ".norm_groups", normGroups, "heads", heads);
        }
        HeadRules.convolution(faults, path + ".conv", conv);
        if (norm == GatedNorm.NONE && normGroups != 1) {
            faults.add(path + ".norm_groups", "is " + normGroups + ", but norm is none", "remove it");
        }
        double greatest = maxStep.orElse(Double.POSITIVE_INFINITY);
        if (!(minStep >= 0) || !(greatest > minStep)) {
            faults.add(
                    path + (maxStep.isPresent() ? ".max_step" : ".min_step"),
                    "makes the limits " + minStep + " to " + greatest
                            + ", the first must be at least 0 and below the second",
                    "");
        }
    }

    @Override
    public Mixer build(Construction construction, String prefix) {
        return new Mamba2Mixer(this, construction, prefix);
    }
}
