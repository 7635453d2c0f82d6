package dev.braid.models;

import dev.braid.config.Choice;
import dev.braid.config.Faults;
import dev.braid.config.Key;
import dev.braid.tensor.routing.Router;
import dev.braid.tensor.routing.SigmoidRouter;
import java.util.Optional;

/** A sigmoid for each expert, and a choice within the best groups of experts (DeepSeek-V3): see {@link SigmoidRouter}. */
@Choice("sigmoid")
public record SigmoidRouterConfig(
        @Key(value = "Divide the weights of the experts that are taken by their sum.", byDefault = "true")
        boolean renormalise,

        @Key(value = "Factor of the weights (DeepSeek-V3: 2.5).", byDefault = "1")
        double scale,

        @Key(value = "Groups of as many experts each (DeepSeek-V3: 8).", byDefault = "1")
        int groups,

        @Key(
                value =
                        "Groups that a token's experts are taken from: those whose two best experts have the largest sum"
                                + " of scores (DeepSeek-V3: 4).",
                derived = "groups")
        Optional<Integer> groupsKept)
        implements RouterConfig {
    @Override
    public void validate(MoeConfig moe, String path, Faults faults) {
        RouterFaults.scale(scale, path, faults);
        if (groups < 1 || moe.experts() % groups != 0) {
            faults.add(
                    path + ".groups",
                    "is " + groups + ", must be at least 1 and divide the " + moe.experts() + " experts",
                    "1 lets a token take any experts");
            return;
        }
        int kept = keptGroups();
        if (kept < 1 || kept > groups) {
            faults.add(
                    path + ".groups_kept",
                    "is " + kept + ", must be 1 to groups (" + groups + ")",
                    "half of the groups is usual");
        } else if (moe.topK() > moe.experts() / groups * kept) {
            faults.add(
                    path + ".groups_kept",
                    "is " + kept + ", which leaves " + moe.experts() / groups * kept + " experts, but a token takes "
                            + moe.topK() + " (top_k)",
                    "keep more groups or lower top_k");
        }
    }

    private int keptGroups() {
        return groupsKept.orElse(groups);
    }

    @Override
    public Router build(MoeConfig moe) {
        return new SigmoidRouter(moe.topK(), renormalise, (float) scale, groups, keptGroups());
    }
}
