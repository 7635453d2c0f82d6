package dev.braid.trainer.config;

import dev.braid.config.Key;
import dev.braid.tensor.DType;

/** In which number formats to compute. */
public record PrecisionConfig(
        @Key(
                value =
                        "Format of activations and matmul operands; master weights, optimizer state, gradients, norms, softmax and"
                                + " losses are always f32.",
                byDefault = "bf16",
                allowed = {"f32", "bf16"},
                later = "fp8")
        String compute) {

    /** Type of activations and matmul operands. */
    public DType computeType() {
        return compute.equals("f32") ? DType.F32 : DType.BF16;
    }
}
