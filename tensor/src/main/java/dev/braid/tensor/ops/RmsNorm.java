package dev.braid.tensor.ops;

import dev.braid.tensor.Category;
import dev.braid.tensor.Compute;
import dev.braid.tensor.DType;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.kernels.RmsNormKernels;
import java.util.Optional;
import java.util.function.LongConsumer;

/**
 * Root-mean-square normalisation over the last dimension (Zhang and Sennrich 2019, arXiv 1910.07467):
 * {@code y = x / sqrt(mean(x^2) + epsilon) * weight}.
 *
 * <p>Weights may be stored as their distance from {@code weightOffset}, which is added to them: 1 for the zero-centred weights of
 * Gemma, 0 for plain ones.
 *
 * <p>{@code x}, {@code y} and their gradients are [n,D] (or [..,D]) of one dtype, F32 or BF16; {@code weight [D]} and
 * {@code inverseRms [n]} are F32. All arithmetic is f32, rounded once. Errors: {@link IllegalArgumentException} for shapes
 * and dtypes, {@link IllegalStateException} for a released tensor. One thread at a time per {@link Compute}.
 */
public final class RmsNorm {
    private RmsNorm() {}

    /** Sets {@code y} and {@code inverseRms}. {@code y} may be {@code x}. */
    public static void forward(Compute compute, Tensor x, Tensor weight, float epsilon, Tensor y, Tensor inverseRms) {
        forward(compute, x, weight, 0, epsilon, y, inverseRms);
    }

    /** Sets {@code y} and {@code inverseRms}. {@code y} may be {@code x}. */
    public static void forward(
            Compute compute, Tensor x, Tensor weight, float weightOffset, float epsilon, Tensor y, Tensor inverseRms) {
        Check check = new Check("rms_norm.forward");
        int rows = check.valueRows("x", x);
        int columns = Check.columns(x);
        check.elements("weight", weight, DType.F32, columns);
        check.matrix("y", y, x.dtype(), rows, columns);
        check.elements("inverseRms", inverseRms, DType.F32, rows);
        long inverseAt = inverseRms.address();
        RmsNormKernels kernels = compute.kernels().rmsNorm();
        Tiles tiles = new Tiles(compute);
        Tiles.Operand from = tiles.read(x);
        Tiles.Operand to = tiles.write(y);
        withOffset(
                compute,
                weight,
                weightOffset,
                weightAt -> tiles.run(
                        check.operation(),
                        4.0 * x.count(),
                        rows,
                        tile -> kernels.forward(
                                tile.of(from),
                                weightAt,
                                epsilon,
                                tile.of(to),
                                tile.perRow(inverseAt),
                                tile.rows(),
                                columns)));
    }

    /** Lends the address of the weights with the offset added. */
    private static void withOffset(Compute compute, Tensor weight, float offset, LongConsumer body) {
        if (offset == 0) {
            body.accept(weight.address());
            return;
        }
        Tensor sum = compute.memory().allocate(Category.WORKSPACE, DType.F32, weight.shape());
        try {
            float[] values = weight.toFloats();
            for (int i = 0; i < values.length; i++) {
                values[i] += offset;
            }
            sum.setFloats(values);
            body.accept(sum.address());
        } finally {
            sum.release();
        }
    }

    /**
     * Sets {@code dx = existing + d}, where d is the gradient of x given {@code dy}.
     *
     * @param existing what is added, as the residual path's gradient; null for zeros; may be {@code dx}
     * @param dx may be {@code dy} or {@code existing}
     */
    public static void inputGradient(
            Compute compute, Tensor dy, Tensor x, Tensor weight, Tensor inverseRms, Tensor existing, Tensor dx) {
        inputGradient(compute, dy, x, weight, 0, inverseRms, existing, dx);
    }

    /** The same with an offset of the weight. */
    public static void inputGradient(
            Compute compute,
            Tensor dy,
            Tensor x,
            Tensor weight,
            float weightOffset,
            Tensor inverseRms,
            Tensor existing,
            Tensor dx) {
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
        long inverseAt = inverseRms.address();
        RmsNormKernels kernels = compute.kernels().rmsNorm();
        Tiles tiles = new Tiles(compute);
        Tiles.Operand gradient = tiles.read(dy);
        Tiles.Operand input = tiles.read(x);
        Optional<Tiles.Operand> base = Optional.ofNullable(existing).map(tiles::read);
        Tiles.Operand result = tiles.write(dx);
        withOffset(
                compute,
                weight,
                weightOffset,
                weightAt -> tiles.run(
                        check.operation(),
                        8.0 * x.count(),
                        rows,
                        tile -> kernels.inputGradient(
                                tile.of(gradient),
                                tile.of(input),
                                weightAt,
                                tile.perRow(inverseAt),
                                base.map(tile::of).orElse(0L),
                                tile.of(result),
                                tile.rows(),
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
        long inverseAt = inverseRms.address();
        RmsNormKernels kernels = compute.kernels().rmsNorm();
        Tiles tiles = new Tiles(compute);
        Tiles.Operand gradient = tiles.read(dy);
        Tiles.Operand input = tiles.read(x);
        tiles.sumRows(
                check.operation(),
                3.0 * x.count(),
                rows,
                dWeight,
                (tile, sums) -> kernels.weightGradient(
                        tile.of(gradient), tile.of(input), tile.perRow(inverseAt), sums, tile.rows(), columns));
    }
}
