package dev.braid.models;

import dev.braid.tensor.autograd.Variable;
import java.util.List;
import java.util.Map;

/**
 * What a stage comes to for a micro-batch.
 *
 * @param passed tensors for the next stage, by name; none from the last stage
 * @param loss the unscaled sum over valid tokens, from the last stage; 0 from others
 * @param correct valid tokens whose label has the largest logit, from the last stage on a tape that does not record; else 0
 * @param moduleLosses the same sum for each module of multi-token prediction, over the tokens that are valid for it, from the
 *     last stage on a tape that records; otherwise none
 */
public record StageResult(Map<String, Variable> passed, double loss, long correct, List<Double> moduleLosses) {
    public StageResult {
        passed = Map.copyOf(passed);
        moduleLosses = List.copyOf(moduleLosses);
    }

    /** Without further losses. */
    StageResult(Map<String, Variable> passed, double loss, long correct) {
        this(passed, loss, correct, List.of());
    }
}
