package dev.braid.trainer.huggingface;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.braid.checkpoint.huggingface.ConfigFile;

/** Rotary positions, which version 5 of transformers keeps in an object and earlier ones in single keys. */
final class RopeKeys {
    private static final String BASE = "rope.base";
    private static final String FRACTION = "rope.fraction";
    private static final String SCALING = "rope.scaling";

    private RopeKeys() {}

    /** The one kind of rotation that a file describes. */
    static void add(Keys keys, ObjectNode attention, double usualBase, double usualFraction) {
        keys.inFile(file -> read(
                file.object("rope_parameters"),
                file.object("rope_scaling"),
                file.number("rope_theta", usualBase),
                file.number("partial_rotary_factor", usualFraction),
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

    /** Reads {@code parameters}; what it does not say is in {@code older}, or in {@code base} and {@code fraction}. */
    static void read(ConfigFile parameters, ConfigFile older, double base, double fraction, ObjectNode attention) {
        Sections.put(attention, BASE, parameters.number("rope_theta", base));
        Sections.put(attention, FRACTION, parameters.number("partial_rotary_factor", fraction));
        for (ConfigFile scaling : new ConfigFile[] {older, parameters}) {
            scaling.require("type", "default", "linear");
            scaling.require("rope_type", "default", "linear");
            String type = scaling.text("rope_type", scaling.text("type", "default"));
            if (type.equals("linear")) {
                Sections.put(attention, SCALING + ".type", "linear");
                Sections.put(attention, SCALING + ".factor", scaling.number("factor", 1));
            }
        }
    }

    /** Writes the rotation of {@code attention}. */
    static void write(ObjectNode parameters, ObjectNode attention) {
        JsonNode factor = Sections.get(attention, SCALING + ".factor");
        parameters.put("rope_type", factor.isMissingNode() ? "default" : "linear");
        parameters.put("rope_theta", Sections.get(attention, BASE).asDouble());
        if (!factor.isMissingNode()) {
            parameters.put("factor", factor.asDouble());
        }
    }
}
