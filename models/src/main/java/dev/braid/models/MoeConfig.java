package dev.braid.models;

import dev.braid.config.Choice;
import dev.braid.config.Faults;
import dev.braid.config.Key;
import dev.braid.config.Validated;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** A mixture of SwiGLU experts of which each token takes some: see {@link MixtureOfExperts}. */
@Choice("moe")
public record MoeConfig(
        @Key("Number of experts.") int experts,
        @Key("Experts that a token goes to.") int topK,
        @Key("Inner width of one expert.") int hidden,

        @Key(value = "How experts are chosen.", byDefault = "{type: softmax}")
        RouterConfig router,

        @Key(value = "What keeps them equally busy.", byDefault = "{}")
        BalanceConfig balance,

        @Key("An expert that every token goes through.") Optional<SharedExpertConfig> shared,

        @Key("Most tokens that an expert takes; none: it takes all, and no token is dropped.")
        Optional<CapacityConfig> capacity)
        implements FeedForwardConfig, Validated {
    /** Without a capacity. */
    public MoeConfig(
            int experts,
            int topK,
            int hidden,
            RouterConfig router,
            BalanceConfig balance,
            Optional<SharedExpertConfig> shared) {
        this(experts, topK, hidden, router, balance, shared, Optional.empty());
    }

    @Override
    public void validate(Faults faults) {
        if (experts < 1) {
            faults.add("experts", "is " + experts + ", must be at least 1", "8 to 256 are usual");
        }
        if (topK < 1 || topK > Math.max(1, experts)) {
            faults.add(
                    "top_k",
                    "is " + topK + ", must be 1 to experts (" + experts + ")",
                    topK > experts ? "set it to " + experts + " or less" : "2 is usual, 8 with many small experts");
        }
        if (hidden < 1) {
            faults.add("hidden", "is " + hidden + ", must be at least 1", "that of a dense layer over top_k is usual");
        }
        router.validate(this, "router", faults);
        balance.validate("balance", faults);
        shared.ifPresent(expert -> expert.validate("shared", faults));
        capacity.ifPresent(limit -> limit.validate("capacity", faults));
        validateRouter(faults);
    }

    @Override
    public void validate(ModelConfig model, String path, Faults faults) {
        if (experts > 0 && topK > 0 && model.context() > 0) {
            capacity.ifPresent(limit -> limit.validateRoom(this, model.context(), path + ".capacity", faults));
        }
    }

    /** What goes with the kind of router. */
    private void validateRouter(Faults faults) {
        if (capacity.isPresent() && !router.takesCapacity()) {
            faults.add(
                    "capacity",
                    "is set, but with this router every expert takes the same number of tokens by itself",
                    "remove it; router.capacity_factor says how many");
        }
        if (balance.zLoss() > 0 && !router.hasLogits()) {
            faults.add(
                    "balance.z_loss",
                    "is " + balance.zLoss() + ", but this router has no logits to keep small",
                    "set it to 0");
        }
        if (balance.hasBias() && !router.takesBias()) {
            faults.add(
                    "balance.bias_rate",
                    "is " + balance.biasRate() + ", but this router's choice does not go by a bias",
                    "set it to 0, or take router.type softmax or sigmoid");
        }
    }

    @Override
    public List<String> tensorProblems(ModelConfig model, String name, int ranks) {
        List<String> problems = new ArrayList<>();
        if (hidden < ranks) {
            problems.add("more ranks than the hidden width " + hidden + " of the experts of " + name);
        }
        shared.filter(expert -> expert.hidden() < ranks)
                .ifPresent(expert -> problems.add(
                        "more ranks than the hidden width " + expert.hidden() + " of the shared expert of " + name));
        return problems;
    }

    @Override
    public FeedForward build(Construction construction, String prefix) {
        return new MixtureOfExperts(this, construction, prefix);
    }
}
