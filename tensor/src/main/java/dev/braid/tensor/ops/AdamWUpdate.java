package dev.braid.tensor.ops;

import dev.braid.tensor.Compute;
import dev.braid.tensor.DType;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.kernels.AdamWKernels;
import dev.braid.tensor.kernels.ConversionKernels;

/**
 * The AdamW update (Loshchilov and Hutter 2019, arXiv 1711.05101) in one pass, with PyTorch's order of operations:
 * {@code g = gradient * gradientScale; m = b1 m + (1 - b1) g; v = b2 v + (1 - b2) g^2;
 * w = w (1 - lr wd) - lr / c1 * (m / (sqrt(v) / sqrt(c2) + epsilon))}, c being the bias corrections. All in f32. An element's
 * bits depend on that element alone: not on provider, vector width, threads, or how parameters are sharded.
 */
public final class AdamWUpdate {
    /** Elements of one task: few enough that the new weights are still in the first cache when they are rounded. */
    private static final int BLOCK = 4096;

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
        ConversionKernels conversion = context.kernels().conversion();
        AdamWKernels.Coefficients by = scalars.coefficients();
        Blocks.Range body = (from, count) -> {
            long bytes = from * Float.BYTES;
            kernels.apply(masterAt + bytes, gradientAt + bytes, mAt + bytes, vAt + bytes, count, by);
            if (computeAt != 0) {
                conversion.narrow(masterAt + bytes, computeAt + from * Short.BYTES, count);
            }
        };
        context.profile().time(check.operation(), 13.0 * elements, () -> Blocks.split(context, elements, BLOCK, body));
    }
}
