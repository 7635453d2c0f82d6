package dev.braid.tensor.ops;

import dev.braid.tensor.Compute;
import dev.braid.tensor.DType;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.kernels.AdamWKernels;

/**
 * The AdamW update (Loshchilov and Hutter 2019, arXiv 1711.05101) in one pass, with PyTorch's order of operations:
 * {@code g = gradient * gradientScale; m = b1 m + (1 - b1) g; v = b2 v + (1 - b2) g^2;
 * w = w (1 - lr wd) - lr / c1 * (m / (sqrt(v) / sqrt(c2) + epsilon))}, c being the bias corrections. All in f32. An element's
 * bits depend on that element alone: not on provider, vector width, threads, or how parameters are sharded.
 */
public final class AdamWUpdate {
    private AdamWUpdate() {}

    /**
     * Updates {@code master}, {@code m} and {@code v}, F32 of one count, by {@code gradient}, F32.
     *
     * @param compute BF16 copy of master to refresh, of the same count; null for none
     */
    public static void apply(
            Compute context, Tensor master, Tensor gradient, Tensor m, Tensor v, Tensor compute, AdamWScalars scalars) {
        Check check = new Check("adamw");
        check.floats("master", master);
        long elements = master.count();
        check.elements("gradient", gradient, DType.F32, elements);
        check.elements("m", m, DType.F32, elements);
        check.elements("v", v, DType.F32, elements);
        if (compute != null) {
            check.elements("compute", compute, DType.BF16, elements);
        }
        long masterAt = master.address();
        long gradientAt = gradient.address();
        long mAt = m.address();
        long vAt = v.address();
        long computeAt = compute == null ? 0 : compute.address();
        AdamWKernels kernels = context.kernels().adamW();
        AdamWKernels.Coefficients coefficients = scalars.coefficients();
        context.profile()
                .time(
                        check.operation(),
                        13.0 * elements,
                        () -> Blocks.elements(context, elements, (from, count) -> {
                            long bytes = from * Float.BYTES;
                            kernels.apply(
                                    masterAt + bytes,
                                    gradientAt + bytes,
                                    mAt + bytes,
                                    vAt + bytes,
                                    computeAt == 0 ? 0 : computeAt + from * Short.BYTES,
                                    count,
                                    coefficients);
                        }));
    }
}
