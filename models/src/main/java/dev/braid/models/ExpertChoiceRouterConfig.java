package dev.braid.models;

import dev.braid.config.Choice;
import dev.braid.config.Faults;
import dev.braid.config.Key;
import dev.braid.tensor.routing.ExpertChoiceRouter;
import dev.braid.tensor.routing.Router;
import java.util.Optional;

/** Experts that choose tokens, as many each: see {@link ExpertChoiceRouter}. */
@Choice("expert_choice")
public record ExpertChoiceRouterConfig(
        @Key(
                value =
                        "Experts that a token gets on average: each expert takes capacity_factor * tokens / experts tokens,"
                                + " rounded up.",
                derived = "top_k")
        Optional<Double> capacityFactor,

        @Key(
                value =
                        "Whether it is understood that a token's experts depend on later tokens, so that the model is not"
                                + " causal: accept lets it train all the same.",
                byDefault = "refuse")
        CausalLeak causalLeak)
        implements RouterConfig {
    /** Whether later tokens may take part in a choice. */
    public enum CausalLeak {
        REFUSE,
        ACCEPT
    }

    @Override
    public void validate(MoeConfig moe, String path, Faults faults) {
        double factor = factor(moe);
        if (!(factor > 0) || factor > Math.max(1, moe.experts())) {
            faults.add(
                    path + ".capacity_factor",
                    "is " + factor + ", must be above 0 and at most experts (" + moe.experts() + ")",
                    "2 is usual");
        }
        if (causalLeak == CausalLeak.REFUSE) {
            faults.add(
                    path + ".type",
                    "is expert_choice, which is not causal: whether an expert takes a token depends on the tokens after it,"
                            + " so a language model's loss is of a prediction that has seen the future, and decoding, which"
                            + " has not, gives other experts",
                    "take softmax or sigmoid; for an experiment write " + path + ".causal_leak: accept");
        }
    }

    private double factor(MoeConfig moe) {
        return capacityFactor.orElse((double) moe.topK());
    }

    @Override
    public boolean takesCapacity() {
        return false;
    }

    @Override
    public boolean takesBias() {
        return false;
    }

    @Override
    public Router build(MoeConfig moe) {
        return new ExpertChoiceRouter(factor(moe));
    }
}
