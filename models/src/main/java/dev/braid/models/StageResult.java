package dev.braid.models;

import dev.braid.tensor.autograd.Variable;
import java.util.Map;

/**
 * What a stage comes to for a micro-batch.
 *
 * @param passed tensors for the next stage, by name; none from the last stage
 * @param loss the unscaled sum over valid tokens, from the last stage; 0 from others
 */
public record StageResult(Map<String, Variable> passed, double loss) {
    public StageResult {
        passed = Map.copyOf(passed);
    }
}
