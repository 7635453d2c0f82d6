package dev.braid.trainer.train;

import dev.braid.models.Decoder;
import dev.braid.models.RoutedLayer;
import dev.braid.tensor.ops.Elementwise;
import dev.braid.tensor.parameters.Parameter;
import dev.braid.tensor.routing.BiasRule;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Moves the bias of every expert after a step, from the tokens that all experts of the layer got in it by the {@link
 * BiasRule}. Each rank does so with the part of a bias that it holds. Used by the rank's thread.
 */
final class BiasUpdate {
    private record Held(Parameter parameter, RoutedLayer layer) {}

    private final Decoder model;
    private final List<Held> held;

    BiasUpdate(Decoder model) {
        this.model = model;
        Map<String, RoutedLayer> layers = new HashMap<>();
        model.architecture().routed().forEach(layer -> layer.bias().ifPresent(name -> layers.put(name, layer)));
        this.held = model.parameters().stream()
                .filter(parameter -> layers.containsKey(parameter.name()))
                .map(parameter -> new Held(parameter, layers.get(parameter.name())))
                .toList();
    }

    /** After a step in which the layers' experts got {@code loads}; values are not published yet. */
    void apply(List<RouterLoad> loads) {
        for (Held each : held) {
            for (RouterLoad load : loads) {
                if (load.layer() == each.layer.layer()) {
                    move(each, load.counts());
                }
            }
        }
    }

    private void move(Held each, List<Long> counts) {
        Parameter parameter = each.parameter;
        new BiasRule(each.layer.biasRate())
                .update(
                        parameter.master(),
                        Math.toIntExact(parameter.bandFrom()),
                        counts.stream().mapToLong(Long::longValue).toArray());
        if (parameter.hasComputeCopy()) {
            Elementwise.convert(model.compute(), parameter.master(), parameter.compute());
        }
    }
}
