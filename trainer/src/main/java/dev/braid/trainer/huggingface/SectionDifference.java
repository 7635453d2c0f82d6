package dev.braid.trainer.huggingface;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** Where two models, as trees of their YAML keys, differ in what they compute. */
final class SectionDifference {
    /** Compared layer by layer, or without influence on what a trained model computes. */
    private static final Set<String> APART =
            Set.of("preset", "mixers", "ffns", "first_layers", "pattern", "norms", "vocab", "init_std");

    /** What keeps experts equally busy while they are trained. */
    private static final String TRAINING = ".balance";

    private static final double ROUNDING = 1e-12;

    private final List<String> differences = new ArrayList<>();

    private SectionDifference() {}

    /**
     * What keeps {@code model} from being {@code other}, each as "key is a, must be b".
     *
     * @param unsaid keys of the model that may differ
     */
    static List<String> between(JsonNode model, JsonNode other, Set<String> unsaid) {
        SectionDifference difference = new SectionDifference();
        for (String key : keys(model, other)) {
            if (!APART.contains(key) && !unsaid.contains(key)) {
                difference.compare(model.path(key), other.path(key), key);
            }
        }
        for (int layer = 0; layer < model.path("layers").asInt(); layer++) {
            difference.layer(model, other, layer);
        }
        return difference.differences.stream().distinct().toList();
    }

    private void layer(JsonNode model, JsonNode other, int layer) {
        String[] names = names(model, layer);
        String[] others = names(other, layer);
        compare(model.path("mixers").path(names[0]), other.path("mixers").path(others[0]), "mixers." + names[0]);
        compare(place(model, names[0]), place(other, others[0]), "norms." + names[0]);
        JsonNode ffn = names.length > 1 ? model.path("ffns").path(names[1]) : MissingNode.getInstance();
        JsonNode otherFfn = others.length > 1 ? other.path("ffns").path(others[1]) : MissingNode.getInstance();
        compare(ffn, otherFfn, names.length > 1 ? "ffns." + names[1] : "pattern." + layer);
    }

    private static String[] names(JsonNode model, int layer) {
        String[] names = Sections.layer(model, layer).split("\\+", -1);
        for (int i = 0; i < names.length; i++) {
            names[i] = names[i].strip();
        }
        return names;
    }

    private static JsonNode place(JsonNode model, String mixer) {
        return model.path("norms").path(mixer);
    }

    private void compare(JsonNode value, JsonNode other, String path) {
        if (path.endsWith(TRAINING)) {
            return;
        }
        if (value.isObject() && other.isObject()) {
            for (String key : keys(value, other)) {
                compare(value.path(key), other.path(key), path + "." + key);
            }
            return;
        }
        boolean same = value.isNumber() && other.isNumber()
                ? Math.abs(value.asDouble() - other.asDouble()) <= ROUNDING * Math.abs(value.asDouble())
                : value.equals(other);
        // A place that is not written is pre, a factor that is not written is 1.
        boolean unwritten = neutral(value) && neutral(other) && (value.isMissingNode() || other.isMissingNode());
        if (!same && !unwritten) {
            differences.add(path + " is " + shown(value) + ", but must be " + shown(other));
        }
    }

    private static boolean neutral(JsonNode value) {
        return value.isMissingNode() || "pre".equals(value.textValue()) || value.isNumber() && value.asDouble() == 1;
    }

    private static String shown(JsonNode value) {
        return value.isMissingNode() ? Sections.NONE : value.isTextual() ? value.textValue() : value.toString();
    }

    private static Set<String> keys(JsonNode one, JsonNode other) {
        Set<String> keys = new LinkedHashSet<>();
        one.fieldNames().forEachRemaining(keys::add);
        other.fieldNames().forEachRemaining(keys::add);
        return keys;
    }
}
