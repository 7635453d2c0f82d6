package dev.braid.tensor.ops;

import dev.braid.tensor.Compute;
import dev.braid.tensor.DType;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.kernels.RmsNormKernels;

/**
 * Root-mean-square normalisation over the last dimension (Zhang and Sennrich 2019, arXiv 1910.07467):
 * {@code y = x / sqrt(mean(x^2) + epsilon) * weight}.
 *
 * <p>{@code x}, {@code y} and their gradients are [n,D] (or [..,D]) of one dtype, F32 or BF16; {@code weight [D]} and
 * {@code inverseRms [n]} are F32. All arithmetic is f32, rounded once. Errors: {@link IllegalArgumentException} for shapes
 * and dtypes, {@link IllegalStateException} for a released tensor. One thread at a time per {@link Compute}.
 */
public final class RmsNorm {
    private RmsNorm() {}

    /** Sets {@code y} and {@code inverseRms}. {@code y} may be {@code x}. */
    public static void forward(Compute compute, Tensor x, Tensor weight, float epsilon, Tensor y, Tensor inverseRms) {
        Check check = new Check("rms_norm.forward");
        int rows = check.valueRows("x", x);
        int columns = Check.columns(x);
        check.elements("weight", weight, DType.F32, columns);
        check.matrix("y", y, x.dtype(), rows, columns);
        check.elements("inverseRms", inverseRms, DType.F32, rows);
        boolean bf16 = x.dtype() == DType.BF16;
        long bytes = (long) columns * x.dtype().bytes();
        long xAt = x.address();
        long weightAt = weight.address();
        long yAt = y.address();
        long inverseAt = inverseRms.address();
        RmsNormKernels kernels = compute.kernels().rmsNorm();
        compute.profile()
                .time(
                        check.operation(),
                        4.0 * x.count(),
                        () -> Blocks.rows(
                                compute,
                                rows,
                                columns,
                                (from, count) -> kernels.forward(
                                        bf16,
                                        xAt + from * bytes,
                                        weightAt,
                                        epsilon,
                                        yAt + from * bytes,
                                        inverseAt + from * Float.BYTES,
                                        count,
                                        columns)));
    }

    /**
     * Sets {@code dx = existing + d}, where d is the gradient of x given {@code dy}.
     *
     * @param existing what is added, as the residual path's gradient; null for zeros; may be {@code dx}
     * @param dx may be {@code dy} or {@code existing}
     */
    public static void inputGradient(
            Compute compute, Tensor dy, Tensor x, Tensor weight, Tensor inverseRms, Tensor existing, Tensor dx) {
        Check check = new Check("rms_norm.input_gradient");
        int rows = check.valueRows("x", x);
        int columns = Check.columns(x);
        check.matrix("dy", dy, x.dtype(), rows, columns);
        check.elements("weight", weight, DType.F32, columns);
        check.elements("inverseRms", inverseRms, DType.F32, rows);
        if (existing != null) {
            check.matrix("existing", existing, x.dtype(), rows, columns);
        }
        check.matrix("dx", dx, x.dtype(), rows, columns);
        boolean bf16 = x.dtype() == DType.BF16;
        long bytes = (long) columns * x.dtype().bytes();
        long dyAt = dy.address();
        long xAt = x.address();
        long weightAt = weight.address();
        long inverseAt = inverseRms.address();
        long existingAt = existing == null ? 0 : existing.address();
        long dxAt = dx.address();
        RmsNormKernels kernels = compute.kernels().rmsNorm();
        compute.profile()
                .time(
                        check.operation(),
                        8.0 * x.count(),
                        () -> Blocks.rows(
                                compute,
                                rows,
                                columns,
                                (from, count) -> kernels.inputGradient(
                                        bf16,
                                        dyAt + from * bytes,
                                        xAt + from * bytes,
                                        weightAt,
                                        inverseAt + from * Float.BYTES,
                                        existingAt == 0 ? 0 : existingAt + from * bytes,
                                        dxAt + from * bytes,
                                        count,
                                        columns)));
    }

    /** Adds the gradient of the weight to {@code dWeight}, F32 [D]. */
    public static void weightGradient(Compute compute, Tensor dy, Tensor x, Tensor inverseRms, Tensor dWeight) {
        Check check = new Check("rms_norm.weight_gradient");
        int rows = check.valueRows("x", x);
        int columns = Check.columns(x);
        check.matrix("dy", dy, x.dtype(), rows, columns);
        check.elements("inverseRms", inverseRms, DType.F32, rows);
        check.elements("dWeight", dWeight, DType.F32, columns);
        boolean bf16 = x.dtype() == DType.BF16;
        long bytes = (long) columns * x.dtype().bytes();
        long dyAt = dy.address();
        long xAt = x.address();
        long inverseAt = inverseRms.address();
        RmsNormKernels kernels = compute.kernels().rmsNorm();
        compute.profile()
                .time(
                        check.operation(),
                        3.0 * x.count(),
                        () -> Blocks.sumRows(
                                compute,
                                rows,
                                dWeight,
                                (from, count, sums) -> kernels.weightGradient(
                                        bf16,
                                        dyAt + from * bytes,
                                        xAt + from * bytes,
                                        inverseAt + from * Float.BYTES,
                                        sums,
                                        count,
                                        columns)));
    }
}
