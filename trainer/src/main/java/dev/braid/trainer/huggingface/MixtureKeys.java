package dev.braid.trainer.huggingface;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

/** Keys of mixtures of experts that several types have alike. */
final class MixtureKeys {
    private static final String COEFFICIENT = "router_aux_loss_coef";
    private static final String LOSS = "balance.loss";

    private MixtureKeys() {}

    /** Experts that are chosen by a softmax of {@code num_experts_per_tok} of them. */
    static void softmax(Keys keys, ObjectNode mixture, int usualChoices) {
        keys.count("num_experts_per_tok", usualChoices, mixture, "top_k");
        keys.always(mixture, "router.type", "softmax");
        balance(keys, mixture);
        keys.inWritten(file -> {
            if (Sections.get(mixture, "balance.bias_rate").asDouble() > 0) {
                keys.fault("balance.bias_rate makes a bias of the router, for which it has no tensor");
            }
        });
    }

    /** The number of experts, which version 5 of transformers calls {@code num_local_experts} in some types. */
    static void experts(Keys keys, ObjectNode mixture, String key, String other, int usual) {
        keys.inFile(file -> Sections.put(mixture, "experts", file.count(key, file.count(other, usual))));
        keys.inWritten(file -> file.put(key, Sections.get(mixture, "experts").asInt()));
    }

    /** A shared expert, which the type has always. */
    static void shared(Keys keys, ObjectNode mixture, String key, int usual, boolean gated) {
        keys.inFile(file -> {
            Sections.put(mixture, "shared.hidden", file.count(key, usual));
            Sections.put(mixture, "shared.gated", gated);
        });
        keys.inWritten(file -> {
            if (!mixture.path("shared").isObject()) {
                keys.fault("it must have a shared expert");
            }
            file.put(key, mixture.path("shared").path("hidden").asInt(1));
        });
    }

    /** The factor of the balance loss. What trains the router is no part of what the model computes. */
    static void balance(Keys keys, ObjectNode mixture) {
        keys.inFile(file -> {
            double coefficient = file.number(COEFFICIENT, 0.001);
            if (coefficient > 0) {
                Sections.put(mixture, LOSS, "switch");
                Sections.put(mixture, "balance.coefficient", coefficient);
            } else {
                Sections.put(mixture, LOSS, Sections.NONE);
            }
        });
        keys.ignored("output_router_logits");
        keys.inWritten(file -> {
            JsonNode loss = Sections.get(mixture, LOSS);
            double coefficient = Sections.get(mixture, "balance.coefficient").asDouble();
            file.put(COEFFICIENT, loss.isMissingNode() ? 0 : coefficient);
            file.put("output_router_logits", !loss.isMissingNode() && coefficient > 0);
        });
    }
}
