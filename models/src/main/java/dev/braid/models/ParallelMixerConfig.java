package dev.braid.models;

import dev.braid.config.Choice;
import dev.braid.config.Faults;
import dev.braid.config.Key;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Mixers side by side on one input, {@code mix_i(o_i * branch_i(s_i * x))}: attention beside a state space model, as in Falcon-H1
 * (arXiv 2507.22448: a sum, with fixed factors) and Hymba (arXiv 2411.13676: the mean of normalised outputs, each times a learned
 * vector; each branch has an output projection of its own here, where Hymba's share one).
 *
 * <p>FLOPs are those of the branches. A decoder keeps what each branch keeps.
 */
@Choice("parallel")
public record ParallelMixerConfig(
        @Key("Mixers by name, two or more, that run side by side on the same input. Each takes the keys of its type.")
        Map<String, MixerConfig> branches,

        @Key(
                value = "How outputs become one: their sum; their mean; or the mean of each times a learned factor for"
                        + " each channel (Hymba).",
                byDefault = "sum")
        BranchMix mix,

        @Key(value = "RMSNorm over the output of each branch, before mixing (Hymba).", byDefault = "false")
        boolean outputNorm,

        @Key(
                value = "Factors of the input by branch, 1 where it is not named (Falcon-H1: attention_in_multiplier,"
                        + " ssm_in_multiplier).",
                byDefault = "{}")
        Map<String, Double> inputScales,

        @Key(
                value = "Factors of the output by branch, 1 where it is not named (Falcon-H1: attention_out_multiplier,"
                        + " ssm_out_multiplier).",
                byDefault = "{}")
        Map<String, Double> outputScales)
        implements MixerConfig {

    @Override
    public void validate(int dim, String path, Faults faults) {
        if (branches.size() < 2) {
            faults.add(
                    path + ".branches",
                    "has " + branches.size() + " mixers, must be at least 2",
                    "use a mixer by itself where there is only one");
        }
        scales(inputScales, path + ".input_scales", faults);
        scales(outputScales, path + ".output_scales", faults);
        branches.forEach((name, branch) -> branch.validate(dim, path + ".branches." + name, faults));
    }

    private void scales(Map<String, Double> scales, String path, Faults faults) {
        scales.forEach((name, scale) -> {
            if (!branches.containsKey(name)) {
                faults.add(path + "." + name, "names no branch, known are " + branches.keySet(), "");
            }
            if (!(Math.abs(scale) > 0) || Double.isInfinite(scale)) {
                faults.add(
                        path + "." + name,
                        "is " + scale + ", must be a number other than 0",
                        "1 leaves values as they are");
            }
        });
    }

    @Override
    public List<String> tensorProblems(ModelConfig model, String name, int ranks) {
        List<String> problems = new ArrayList<>();
        branches.forEach(
                (branch, config) -> problems.addAll(config.tensorProblems(model, name + ".branches." + branch, ranks)));
        return problems;
    }

    @Override
    public Mixer build(Construction construction, String prefix) {
        return new ParallelMixer(this, construction, prefix);
    }
}
