package dev.braid.trainer.config;

import dev.braid.config.Faults;
import dev.braid.config.Key;
import dev.braid.config.Validated;
import dev.braid.tensor.DType;

/** In which number formats to compute. */
public record PrecisionConfig(
        @Key(
                value =
                        "Format of activations and matmul operands; master weights, optimizer state, gradients, norms, softmax and"
                                + " losses are always f32.",
                byDefault = "bf16",
                allowed = {"f32", "bf16", "fp8"})
        String compute)
        implements Validated {

    /** Type of activations and matmul operands. */
    public DType computeType() {
        return compute.equals("f32") ? DType.F32 : DType.BF16;
    }

    @Override
    public void validate(Faults faults) {
        if (compute.equals("fp8")) {
            faults.add("compute", "is fp8, but this version has no fp8 recipe yet", "write bf16 or f32");
        }
    }
}
