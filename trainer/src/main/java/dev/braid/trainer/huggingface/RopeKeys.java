package dev.braid.trainer.huggingface;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.braid.checkpoint.huggingface.ConfigFile;
import java.util.List;
import java.util.Optional;

/** Rotary positions, which version 5 of transformers keeps in an object and earlier ones in single keys. */
final class RopeKeys {
    private static final String BASE = "rope.base";
    private static final String FRACTION = "rope.fraction";
    private static final String SCALING = "rope.scaling";

    private static final String ORIGINAL = "original_max_position_embeddings";
    /** Numbers of YaRN that have the same names in a file and in a model. */
    private static final List<String> YARN =
            List.of("beta_fast", "beta_slow", "mscale", "mscale_all_dim", "attention_factor");

    private RopeKeys() {}

    /** The one kind of rotation that a file describes. */
    static void add(Keys keys, ObjectNode attention, double usualBase, double usualFraction) {
        keys.inFile(file -> read(
                file.object("rope_parameters"),
                file.number("rope_theta", usualBase),
                file.number("partial_rotary_factor", usualFraction),
                Optional.of(file.object("rope_scaling")),
                attention));
        keys.inWritten(file -> {
            JsonNode base = Sections.get(attention, BASE);
            if (base.isMissingNode()) {
                keys.fault("rope is none, which it can't be");
                return;
            }
            file.put("rope_theta", base.asDouble());
            ObjectNode parameters = file.putObject("rope_parameters");
            write(parameters, attention);
            if (usualFraction != 1) {
                file.put(
                        "partial_rotary_factor",
                        Sections.get(attention, FRACTION).asDouble(1));
                parameters.put(
                        "partial_rotary_factor",
                        Sections.get(attention, FRACTION).asDouble(1));
            }
        });
    }

    /**
     * Reads {@code parameters}.
     *
     * @param base where it does not say the base
     * @param fraction where it does not say which part of a head is rotated
     * @param older the object that files of earlier versions have beside it; empty where there can be none
     */
    static void read(
            ConfigFile parameters, double base, double fraction, Optional<ConfigFile> older, ObjectNode attention) {
        Sections.put(attention, BASE, parameters.number("rope_theta", base));
        Sections.put(attention, FRACTION, parameters.number("partial_rotary_factor", fraction));
        for (ConfigFile scaling : older.map(first -> List.of(first, parameters)).orElse(List.of(parameters))) {
            scaling.require("type", "default", "linear", "yarn");
            scaling.require("rope_type", "default", "linear", "yarn");
            String type = scaling.text("rope_type", scaling.text("type", "default"));
            if (type.equals("linear")) {
                Sections.put(attention, SCALING + ".type", "linear");
                Sections.put(attention, SCALING + ".factor", scaling.number("factor", 1));
            }
            if (type.equals("yarn")) {
                readYarn(scaling, attention);
            }
        }
    }

    private static void readYarn(ConfigFile scaling, ObjectNode attention) {
        Sections.put(attention, SCALING + ".type", "yarn");
        Sections.put(attention, SCALING + ".factor", scaling.number("factor", 1));
        Sections.put(attention, SCALING + ".original", scaling.count(ORIGINAL));
        scaling.require("truncate", true);
        for (String key : YARN) {
            if (scaling.set(key)) {
                Sections.put(attention, SCALING + "." + key, scaling.number(key, 1));
            }
        }
    }

    /** Writes the rotation of {@code attention}. */
    static void write(ObjectNode parameters, ObjectNode attention) {
        JsonNode factor = Sections.get(attention, SCALING + ".factor");
        parameters.put("rope_type", Sections.get(attention, SCALING + ".type").asText("default"));
        parameters.put("rope_theta", Sections.get(attention, BASE).asDouble());
        if (!factor.isMissingNode()) {
            parameters.put("factor", factor.asDouble());
        }
        for (String key : YARN) {
            JsonNode value = Sections.get(attention, SCALING + "." + key);
            if (value.isNumber()) {
                parameters.put(key, value.asDouble());
            }
        }
        JsonNode original = Sections.get(attention, SCALING + ".original");
        if (original.isInt()) {
            parameters.put(ORIGINAL, original.asInt());
        }
    }
}
