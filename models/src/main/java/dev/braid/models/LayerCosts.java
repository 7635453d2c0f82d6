package dev.braid.models;

import java.util.List;

/**
 * What the parts of a decoder cost, forward and backward, in any unit: floating-point operations of a token, or measured times.
 *
 * @param embedding of the look-up
 * @param layers of each layer
 * @param head of the last norm, the head and the loss
 */
public record LayerCosts(double embedding, List<Double> layers, double head) {
    public LayerCosts {
        layers = List.copyOf(layers);
    }

    /** The cost of a stage. */
    public double of(Stage stage) {
        double cost = stage.embedding() ? embedding : 0;
        for (int layer = stage.from(); layer < stage.to(); layer++) {
            cost += layers.get(layer);
        }
        return cost + (stage.head() ? head : 0);
    }
}
