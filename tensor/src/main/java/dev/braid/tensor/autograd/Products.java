package dev.braid.tensor.autograd;

import dev.braid.tensor.Compute;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.matmul.MatmulSpec;
import dev.braid.tensor.parameters.Weight;

/** The three matrix products of a linear layer. */
final class Products {
    private Products() {}

    /** {@code out = x W^T}, or that added to {@code out}; x [n, K], W [N, K], out [n, N]. */
    static void forward(Compute compute, Tensor x, Weight weight, Tensor out, boolean accumulate) {
        multiply(
                compute,
                "linear.forward",
                rows(x),
                weight.rows(),
                weight.columns(),
                false,
                true,
                x,
                weight.compute(),
                out,
                accumulate);
    }

    /** {@code passed = gradient W}; gradient [n, N], passed [n, K]. */
    static void inputGradient(Compute compute, Tensor gradient, Weight weight, Tensor passed) {
        multiply(
                compute,
                "linear.input_gradient",
                rows(gradient),
                weight.columns(),
                weight.rows(),
                false,
                false,
                gradient,
                weight.compute(),
                passed,
                false);
    }

    /** Adds {@code gradient^T x} to the weight's gradient; gradient [n, N], x [n, K]. */
    static void weightGradient(Compute compute, Tensor gradient, Tensor x, Weight weight) {
        multiply(
                compute,
                "linear.weight_gradient",
                weight.rows(),
                weight.columns(),
                rows(x),
                true,
                false,
                gradient,
                x,
                weight.gradient(),
                true);
    }

    private static int rows(Tensor matrix) {
        return Math.toIntExact(matrix.shape().rows());
    }

    /** {@code c = a b}, or that added to {@code c}; a as it is used is [m, k], b [k, n]. */
    static void multiply(
            Compute compute,
            String operation,
            int m,
            int n,
            int k,
            boolean transposeA,
            boolean transposeB,
            Tensor a,
            Tensor b,
            Tensor c,
            boolean accumulate) {
        MatmulSpec spec = MatmulSpec.dense(m, n, k, transposeA, transposeB, a.dtype(), c.dtype(), accumulate);
        compute.profile().time(operation, spec.flops(), () -> compute.matmul().multiply(spec, a, b, c));
    }
}
