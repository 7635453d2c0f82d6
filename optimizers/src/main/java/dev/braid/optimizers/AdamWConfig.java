package dev.braid.optimizers;

import dev.braid.config.Choice;
import dev.braid.config.Faults;
import dev.braid.config.Key;
import dev.braid.config.Validated;
import java.util.List;
import java.util.Optional;

/** AdamW with decoupled weight decay (Loshchilov and Hutter 2019, arXiv 1711.05101), in PyTorch's order of operations. */
@Choice("adamw")
public record AdamWConfig(
        @Key("Peak learning rate.") double lr,

        @Key(value = "Decay of the first and the second moment.", byDefault = "[0.9, 0.95]")
        List<Double> betas,

        @Key(value = "Added to the root of the second moment.", byDefault = "1.0e-8")
        double eps,

        @Key(value = "Weight decay, on parameters of two or more dimensions.", byDefault = "0.1")
        double weightDecay,

        @Key(value = "Largest global norm of the gradient; none does not clip.", byDefault = "1.0")
        Optional<Double> clip)
        implements OptimizerConfig, Validated {

    @Override
    public void validate(Faults faults) {
        if (!(lr > 0)) {
            faults.add("lr", "is " + lr + ", must be above 0", "3.0e-4 is usual for large models");
        }
        if (betas.size() != 2 || betas.stream().anyMatch(beta -> !(beta >= 0 && beta < 1))) {
            faults.add("betas", "is " + betas + ", must be two numbers from 0 to below 1", "[0.9, 0.95] is usual");
        }
        if (!(eps > 0)) {
            faults.add("eps", "is " + eps + ", must be above 0", "1.0e-8 is usual");
        }
        if (!(weightDecay >= 0)) {
            faults.add("weight_decay", "is " + weightDecay + ", must not be negative", "0.1 is usual");
        }
        if (clip.isPresent() && !(clip.get() > 0)) {
            faults.add("clip", "is " + clip.get() + ", must be above 0", "1.0 is usual; none does not clip");
        }
    }
}
