package dev.braid.trainer.plan;

import dev.braid.models.Architecture;
import dev.braid.models.LayerCosts;
import dev.braid.models.MultiTokenConfig;
import dev.braid.models.Stage;
import dev.braid.models.StageSplit;
import dev.braid.tensor.parameters.ParameterSpec;
import dev.braid.tensor.parameters.Unit;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Floating-point operations of a stage for one micro-batch on one rank of the tensor axis. A product takes as many forward, for the
 * gradient of its input, and for that of its weight; attention between positions takes twice as many backward as forward, all of
 * them in the input half. Where blocks run again, they do in the input half. The look-up counts for the additions of its backward.
 *
 * <p>The loss goes over the logits once and makes gradients from each chunk of them: forward and both halves at once, or, where
 * weight gradients wait, forward and the input half, and later the logits again and the weight half.
 */
record StageFlops(double forward, double input, double weight) {
    /** All stages in order. */
    static List<StageFlops> of(PlanInput input, Architecture architecture, StageSplit split, boolean weightsWait) {
        LayerCosts perToken = architecture.costs(input.sequence());
        Map<Integer, Double> products = products(architecture, input.model().layers());
        double tokens = (double) input.microbatchTokens() / input.mesh().tensor();
        List<StageFlops> stages = new ArrayList<>();
        for (Stage stage : split.stages()) {
            StageFlops flops = new StageFlops(0, 0, stage.embedding() ? perToken.embedding() : 0);
            for (int layer = stage.from(); layer < stage.to(); layer++) {
                flops = flops.plus(
                        layer(2 * products.get(layer), perToken.layers().get(layer), input.recompute()));
            }
            if (stage.head()) {
                double product = 2.0 * input.vocabulary() * input.model().dim();
                int modules = input.model().predictionDepth();
                flops = flops.plus(head((modules + 1) * product, weightsWait));
                if (modules > 0) {
                    double lookUps = modules * perToken.embedding();
                    double layers = perToken.head() - 3 * (modules + 1) * product - lookUps;
                    flops = flops.plus(layer(2 * ofModules(architecture), layers, input.recompute()))
                            .plus(new StageFlops(0, 0, lookUps));
                }
            }
            stages.add(flops.times(tokens));
        }
        return stages;
    }

    /** Elements of the matrices of each layer that a token uses, over all ranks. */
    private static Map<Integer, Double> products(Architecture architecture, int layers) {
        Map<Integer, Double> products = new HashMap<>();
        for (int layer = 0; layer < layers; layer++) {
            double elements = 0;
            for (Unit unit : architecture.units(layer)) {
                for (Unit.Entry entry : unit.entries()) {
                    ParameterSpec spec = entry.spec();
                    elements += spec.matrix() ? spec.activity() * spec.shape().count() : 0;
                }
            }
            products.put(layer, elements);
        }
        return products;
    }

    /** The same of all modules of multi-token prediction. */
    private static double ofModules(Architecture architecture) {
        return architecture.parameters().specs().stream()
                .filter(spec -> spec.matrix() && MultiTokenConfig.ownsParameter(spec.name()))
                .mapToDouble(spec -> spec.activity() * spec.shape().count())
                .sum();
    }

    /** @param all of the layer, three times its forward */
    private static StageFlops layer(double product, double all, boolean recompute) {
        double positions = all / 3 - product;
        double forward = product + positions;
        return new StageFlops(forward, product + 2 * positions + (recompute ? forward : 0), product);
    }

    private static StageFlops head(double product, boolean weightsWait) {
        return weightsWait ? new StageFlops(2 * product, 0, 2 * product) : new StageFlops(3 * product, 0, 0);
    }

    /** Forward and both halves. */
    double total() {
        return forward + input + weight;
    }

    private StageFlops plus(StageFlops other) {
        return new StageFlops(forward + other.forward, input + other.input, weight + other.weight);
    }

    private StageFlops times(double factor) {
        return new StageFlops(forward * factor, input * factor, weight * factor);
    }
}
