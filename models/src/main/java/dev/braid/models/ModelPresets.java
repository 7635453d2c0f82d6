package dev.braid.models;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;

/** The shapes that {@code model.preset} can name: a YAML file of model keys for each. */
public final class ModelPresets {
    private ModelPresets() {}

    /**
     * The keys of a preset as YAML.
     *
     * @param name one of the words that {@code model.preset} allows
     */
    public static String yaml(String name) {
        try (InputStream file = ModelPresets.class.getResourceAsStream("presets/" + name + ".yaml")) {
            if (file == null) {
                throw new IllegalStateException("there is no file of the preset " + name);
            }
            return new String(file.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }
}
