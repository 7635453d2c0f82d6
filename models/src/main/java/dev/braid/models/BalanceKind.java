package dev.braid.models;

import dev.braid.tensor.routing.BalanceLoss;
import dev.braid.tensor.routing.CoefficientOfVariation;
import dev.braid.tensor.routing.SwitchLoss;
import java.util.Optional;

/** The balance losses that a config can name. */
public enum BalanceKind {
    NONE,
    SWITCH,
    GLOBAL,
    SEQUENCE,
    CV2;

    /** The strategy, where there is one. */
    Optional<BalanceLoss> loss() {
        return switch (this) {
            case NONE -> Optional.empty();
            case SWITCH -> Optional.of(new SwitchLoss(false, false));
            case GLOBAL -> Optional.of(new SwitchLoss(false, true));
            case SEQUENCE -> Optional.of(new SwitchLoss(true, false));
            case CV2 -> Optional.of(new CoefficientOfVariation());
        };
    }
}
