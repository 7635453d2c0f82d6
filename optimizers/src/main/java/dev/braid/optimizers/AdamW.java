package dev.braid.optimizers;

import dev.braid.tensor.Category;
import dev.braid.tensor.Compute;
import dev.braid.tensor.DType;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.ops.AdamWScalars;
import dev.braid.tensor.ops.AdamWUpdate;
import dev.braid.tensor.parameters.Parameter;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * AdamW over F32 master weights. One pass over memory updates moments, master and the copy that operations read. Elements
 * do not see each other, so any part of a parameter can be updated alone, as sharding does. Used by one thread.
 */
public final class AdamW {
    private record Moments(Tensor first, Tensor second) {}

    private final AdamWConfig config;
    private final Compute compute;
    private final List<Parameter> parameters;
    private final Map<String, Moments> moments = new LinkedHashMap<>();
    private long updates;

    /** Allocates zero moments (F32, category OPTIMIZER) for every parameter that is trained. */
    public AdamW(AdamWConfig config, List<Parameter> parameters, Compute compute) {
        this.config = config;
        this.compute = compute;
        this.parameters = parameters.stream()
                .filter(parameter -> parameter.spec().trained())
                .toList();
        for (Parameter parameter : this.parameters) {
            moments.put(
                    parameter.name(),
                    new Moments(
                            compute.memory()
                                    .zeros(
                                            Category.OPTIMIZER,
                                            DType.F32,
                                            parameter.master().shape()),
                            compute.memory()
                                    .zeros(
                                            Category.OPTIMIZER,
                                            DType.F32,
                                            parameter.master().shape())));
        }
    }

    /**
     * Updates all parameters once.
     *
     * @param learningRate of this step
     * @param gradientScale factor on every gradient: 1, or less when the norm is clipped
     */
    public void step(double learningRate, double gradientScale) {
        updates++;
        double beta1 = config.betas().get(0);
        double beta2 = config.betas().get(1);
        for (Parameter parameter : parameters) {
            Moments moment = moments.get(parameter.name());
            double decay = parameter.decays() ? config.weightDecay() : 0;
            AdamWScalars scalars =
                    AdamWScalars.at(updates, learningRate, beta1, beta2, config.eps(), decay, gradientScale);
            AdamWUpdate.apply(
                    compute,
                    parameter.master(),
                    parameter.gradient(),
                    moment.first,
                    moment.second,
                    parameter.hasComputeCopy() ? parameter.compute() : null,
                    scalars);
        }
    }

    /** Updates made so far; with the tensors of {@link #state} it is all that a resume needs. */
    public long updates() {
        return updates;
    }

    /** Sets the number of updates made, after the state's tensors were loaded. */
    public void setUpdates(long count) {
        updates = count;
    }

    /** The moments of a parameter, of its count: {@code m} and {@code v}; none where another rule keeps it up to date. */
    public Map<String, Tensor> state(Parameter parameter) {
        Map<String, Tensor> state = new LinkedHashMap<>();
        if (!parameter.spec().trained()) {
            return state;
        }
        Moments moment = moments.get(parameter.name());
        state.put("m", moment.first);
        state.put("v", moment.second);
        return state;
    }
}
