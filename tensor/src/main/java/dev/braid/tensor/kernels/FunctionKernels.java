package dev.braid.tensor.kernels;

import dev.braid.tensor.ops.ElementFunction;

/** Functions of single elements and products with them, on F32: see {@link dev.braid.tensor.ops.Functions}. */
public interface FunctionKernels {
    /** {@code out = f(x)}; {@code out} may be {@code x}. */
    void value(ElementFunction function, long x, long out, int count);

    /** {@code out = f'(x)}; {@code out} may be {@code x}. */
    void derivative(ElementFunction function, long x, long out, int count);

    /** {@code out = a * b}; {@code out} may be {@code a} or {@code b}. */
    void multiply(long a, long b, long out, int count);

    /** {@code out = a - b}; {@code out} may be {@code a} or {@code b}. */
    void subtract(long a, long b, long out, int count);

    /** {@code out = a + (b - a) far}; {@code out} may be any of them. */
    void mix(long a, long b, long far, long out, int count);

    /** {@code out[r, h, :] = x[r, h, :] * factors[r, h]} for heads of {@code size}; {@code out} may be {@code x}. */
    void scaleHeads(long x, long factors, long out, int rows, int heads, int size);

    /** {@code out[r, h] = sum_i a[r, h, i] b[r, h, i]} for heads of {@code size}. */
    void dotHeads(long a, long b, long out, int rows, int heads, int size);
}
