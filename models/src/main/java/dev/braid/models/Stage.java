package dev.braid.models;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/**
 * A stage of a pipeline: neighbouring layers of a decoder, with the embedding before the first and the last norm and the head
 * behind the last.
 *
 * @param from first layer
 * @param to the layer behind the last one; {@code from} where the stage has none
 * @param embedding whether it begins with the tokens
 * @param head whether it ends with the loss, and with the modules of multi-token prediction, if there are any
 */
public record Stage(int from, int to, boolean embedding, boolean head) {
    /** Number of layers. */
    public int layers() {
        return to - from;
    }

    /**
     * Names of the units of weights that it may use, in the order of the forward pass: those of experts too, whether its layers have
     * some or not.
     *
     * @param again whether the last stage uses the embedding's weight, which is a unit of its own then: as the head, or in modules of
     *     multi-token prediction
     * @param modules whether there are such modules
     */
    public List<String> units(boolean again, boolean modules) {
        List<String> names = new ArrayList<>();
        if (embedding) {
            names.add("embedding");
        }
        IntStream.range(from, to).forEach(layer -> names.addAll(List.of(layer(layer), experts(layer))));
        if (head) {
            if (modules) {
                names.add(PredictionModule.UNIT);
                IntStream.range(to, to + MultiTokenConfig.MOST_MODULES).forEach(module -> names.add(experts(module)));
            }
            names.add("output");
            if (again) {
                names.add("head");
            }
        }
        return names;
    }

    /** The same for what a model has. */
    public List<String> units(ModelConfig model) {
        return units(model.embedsAtEnd(), model.predictionDepth() > 0);
    }

    /** The unit of a layer. */
    static String layer(int index) {
        return "layers." + index;
    }

    /** The unit of a layer's experts. */
    static String experts(int index) {
        return layer(index) + ".experts";
    }

    /** {@code embedding, layers 0-2} or {@code layer 3, head}. */
    @Override
    public String toString() {
        List<String> parts = new ArrayList<>();
        if (embedding) {
            parts.add("embedding");
        }
        if (layers() == 1) {
            parts.add("layer " + from);
        } else if (layers() > 1) {
            parts.add("layers " + from + "-" + (to - 1));
        }
        if (head) {
            parts.add("head");
        }
        return String.join(", ", parts);
    }
}
