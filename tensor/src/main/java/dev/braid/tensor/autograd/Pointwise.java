package dev.braid.tensor.autograd;

import dev.braid.tensor.Compute;
import dev.braid.tensor.DType;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.ops.ElementFunction;
import dev.braid.tensor.ops.Elementwise;
import dev.braid.tensor.ops.Functions;
import dev.braid.tensor.parameters.Weight;
import java.util.List;

/**
 * Operations that work on each element, or on each head, of each token alone: what gates are made of. The result has the rows
 * (tokens) of the first argument, and its dtype unless one is asked for.
 */
public final class Pointwise {
    private Pointwise() {}

    /** {@code f(x)}. */
    public static Variable apply(Tape tape, Variable x, ElementFunction function) {
        return apply(tape, x, function, x.value().dtype());
    }

    /** {@code f(x)} in {@code dtype}: what an exponential follows is kept in F32. */
    public static Variable apply(Tape tape, Variable x, ElementFunction function, DType dtype) {
        Compute compute = tape.compute();
        Tensor value = x.value();
        Tensor out = tape.output(dtype, value.shape());
        Functions.apply(compute, function, value, out);
        return tape.record(
                out,
                x.tokenRows(),
                List.of(value),
                gradient -> {
                    if (x.differentiable()) {
                        Tensor passed = tape.temporary(value.dtype(), value.shape());
                        Functions.inputGradient(compute, function, gradient, value, passed);
                        tape.addGradient(x, passed);
                    }
                },
                null);
    }

    /** {@code x} in another dtype. */
    public static Variable convert(Tape tape, Variable x, DType dtype) {
        Tensor value = x.value();
        if (value.dtype() == dtype) {
            return x;
        }
        Tensor out = tape.output(dtype, value.shape());
        Elementwise.convert(tape.compute(), value, out);
        return tape.record(out, x.tokenRows(), List.of(), gradient -> pass(tape, x, gradient, 1), null);
    }

    /** {@code factor * x}. */
    public static Variable scale(Tape tape, Variable x, float factor) {
        Tensor out = tape.output(x.value().dtype(), x.value().shape());
        Elementwise.convert(tape.compute(), x.value(), out);
        Elementwise.scale(tape.compute(), out, factor);
        return tape.record(out, x.tokenRows(), List.of(), gradient -> pass(tape, x, gradient, factor), null);
    }

    /** Adds {@code factor * gradient}, converted, to the gradient of {@code x}. */
    private static void pass(Tape tape, Variable x, Tensor gradient, float factor) {
        if (x.differentiable()) {
            Tensor passed = tape.temporary(x.value().dtype(), x.value().shape());
            Elementwise.convert(tape.compute(), gradient, passed);
            if (factor != 1) {
                Elementwise.scale(tape.compute(), passed, factor);
            }
            tape.addGradient(x, passed);
        }
    }

    /** {@code a + b} of one shape; where {@code b} is {@link Variable#zerosLike}, {@code a} itself. */
    public static Variable add(Tape tape, Variable a, Variable b) {
        if (b.zeros()) {
            return a;
        }
        Tensor out = tape.output(a.value().dtype(), a.value().shape());
        Elementwise.add(tape.compute(), a.value(), b.value(), out);
        return tape.record(
                out,
                a.tokenRows(),
                List.of(),
                gradient -> {
                    share(tape, a, gradient);
                    share(tape, b, gradient);
                },
                null);
    }

    private static void share(Tape tape, Variable x, Tensor gradient) {
        if (x.value().dtype() == gradient.dtype()) {
            tape.addGradient(x, gradient.retain());
        } else {
            pass(tape, x, gradient, 1);
        }
    }

    /** {@code a * b} of one shape. */
    public static Variable multiply(Tape tape, Variable a, Variable b) {
        Compute compute = tape.compute();
        Tensor out = tape.output(a.value().dtype(), a.value().shape());
        Functions.multiply(compute, a.value(), b.value(), out);
        return tape.record(
                out,
                a.tokenRows(),
                List.of(a.value(), b.value()),
                gradient -> {
                    passProduct(tape, a, gradient, b.value());
                    passProduct(tape, b, gradient, a.value());
                },
                null);
    }

    private static void passProduct(Tape tape, Variable x, Tensor gradient, Tensor factor) {
        if (x.differentiable()) {
            Tensor passed = tape.temporary(x.value().dtype(), x.value().shape());
            Functions.multiply(tape.compute(), gradient, factor, passed);
            tape.addGradient(x, passed);
        }
    }

    /** {@code a - b} of one shape. */
    public static Variable subtract(Tape tape, Variable a, Variable b) {
        Tensor out = tape.output(a.value().dtype(), a.value().shape());
        Functions.subtract(tape.compute(), a.value(), b.value(), out);
        return tape.record(
                out,
                a.tokenRows(),
                List.of(),
                gradient -> {
                    share(tape, a, gradient);
                    pass(tape, b, gradient, -1);
                },
                null);
    }

    /** {@code a + (b - a) far} of one shape: {@code far} of the way from a to b. */
    public static Variable mix(Tape tape, Variable a, Variable b, Variable far) {
        Compute compute = tape.compute();
        Tensor out = tape.output(a.value().dtype(), a.value().shape());
        Functions.mix(compute, a.value(), b.value(), far.value(), out);
        return tape.record(
                out,
                a.tokenRows(),
                List.of(a.value(), b.value(), far.value()),
                gradient -> {
                    Tensor dB = tape.temporary(b.value().dtype(), b.value().shape());
                    Functions.multiply(compute, gradient, far.value(), dB);
                    if (a.differentiable()) {
                        Tensor dA = tape.temporary(a.value().dtype(), a.value().shape());
                        Functions.subtract(compute, gradient, dB, dA);
                        tape.addGradient(a, dA);
                    }
                    tape.addGradient(b, dB);
                    if (far.differentiable()) {
                        Tensor dFar =
                                tape.temporary(far.value().dtype(), far.value().shape());
                        Functions.subtract(compute, b.value(), a.value(), dFar);
                        Functions.multiply(compute, gradient, dFar, dFar);
                        tape.addGradient(far, dFar);
                    }
                },
                null);
    }

    /** {@code sum_i a[t, h, i] b[t, h, i]} in F32 [n, H]: {@code a} and {@code b} [n, H d]. */
    public static Variable dotHeads(Tape tape, Variable a, Variable b, int heads) {
        Compute compute = tape.compute();
        Tensor out = tape.output(DType.F32, Shape.of(a.rows(), heads));
        Functions.dotHeads(compute, a.value(), b.value(), out);
        return tape.record(
                out,
                a.tokenRows(),
                List.of(a.value(), b.value()),
                gradient -> {
                    passScaled(tape, a, b.value(), gradient);
                    passScaled(tape, b, a.value(), gradient);
                },
                null);
    }

    private static void passScaled(Tape tape, Variable x, Tensor other, Tensor gradient) {
        if (x.differentiable()) {
            Tensor passed = tape.temporary(x.value().dtype(), x.value().shape());
            Functions.scaleHeads(tape.compute(), other, gradient, passed);
            tape.addGradient(x, passed);
        }
    }

    /** {@code x[t, h, :] * factors[t, h]}: {@code x} [n, H d], {@code factors} [n, H]. */
    public static Variable scaleHeads(Tape tape, Variable x, Variable factors) {
        Compute compute = tape.compute();
        Tensor out = tape.output(x.value().dtype(), x.value().shape());
        Functions.scaleHeads(compute, x.value(), factors.value(), out);
        return tape.record(
                out,
                x.tokenRows(),
                List.of(x.value(), factors.value()),
                gradient -> {
                    if (x.differentiable()) {
                        Tensor passed =
                                tape.temporary(x.value().dtype(), x.value().shape());
                        Functions.scaleHeads(compute, gradient, factors.value(), passed);
                        tape.addGradient(x, passed);
                    }
                    if (factors.differentiable()) {
                        Tensor passed = tape.temporary(
                                factors.value().dtype(), factors.value().shape());
                        Functions.dotHeads(compute, gradient, x.value(), passed);
                        tape.addGradient(factors, passed);
                    }
                },
                null);
    }

    /** {@code x[t, h, :] / divisors[t, h]}: {@code x} [n, H d], {@code divisors} [n, H]. */
    public static Variable divideHeads(Tape tape, Variable x, Variable divisors) {
        Compute compute = tape.compute();
        Tensor inverse = tape.output(DType.F32, divisors.value().shape());
        Functions.reciprocal(compute, divisors.value(), inverse);
        Tensor out = tape.output(x.value().dtype(), x.value().shape());
        Functions.scaleHeads(compute, x.value(), inverse, out);
        return tape.record(
                out,
                x.tokenRows(),
                List.of(inverse, out),
                gradient -> {
                    if (x.differentiable()) {
                        Tensor passed =
                                tape.temporary(x.value().dtype(), x.value().shape());
                        Functions.scaleHeads(compute, gradient, inverse, passed);
                        tape.addGradient(x, passed);
                    }
                    if (divisors.differentiable()) {
                        // d(x / y) / dy = -(x / y) / y.
                        Tensor sums = tape.temporary(DType.F32, inverse.shape());
                        Functions.dotHeads(compute, gradient, out, sums);
                        Elementwise.scale(compute, sums, -1);
                        Tensor passed = tape.temporary(divisors.value().dtype(), inverse.shape());
                        Functions.multiply(compute, sums, inverse, passed);
                        sums.release();
                        tape.addGradient(divisors, passed);
                    }
                },
                null);
    }

    /** {@code min(max(x, low), high)}; no gradient passes where a limit holds. */
    public static Variable clamp(Tape tape, Variable x, float low, float high) {
        Tensor value = x.value();
        Tensor out = tape.output(value.dtype(), value.shape());
        Functions.clamp(tape.compute(), value, low, high, out);
        return tape.record(
                out,
                x.tokenRows(),
                List.of(value),
                gradient -> {
                    if (x.differentiable()) {
                        Tensor passed = tape.temporary(value.dtype(), value.shape());
                        Functions.clampGradient(tape.compute(), gradient, value, low, high, passed);
                        tape.addGradient(x, passed);
                    }
                },
                null);
    }

    /** {@code x[t, c] + bias[c]} in the dtype of {@code x}: {@code bias} [C], a vector. As {@link Operations#addBias}, but apart. */
    public static Variable plusBias(Tape tape, Variable x, Weight bias) {
        Compute compute = tape.compute();
        Tensor out = tape.output(x.value().dtype(), x.value().shape());
        Elementwise.convert(compute, x.value(), out);
        Elementwise.addBias(compute, out, bias.compute());
        return tape.record(
                out,
                x.tokenRows(),
                List.of(),
                gradient -> tape.addGradient(x, gradient.retain()),
                gradient -> Elementwise.columnSum(compute, gradient, bias.gradient()));
    }

    /**
     * {@code x[t, h, :] * -e^(a[h])}: {@code x} [n, H d] of steps, {@code a} [H], a vector, the logarithms of rates. The log decay
     * of Mamba-2 and of the gated delta rules.
     */
    public static Variable decay(Tape tape, Variable x, Weight a) {
        Compute compute = tape.compute();
        int heads = Math.toIntExact(a.compute().count());
        Tensor rates = tape.output(DType.F32, Shape.of(heads));
        Functions.apply(compute, ElementFunction.EXP, a.compute(), rates);
        Elementwise.scale(compute, rates, -1);
        Tensor out = tape.output(DType.F32, x.value().shape());
        Elementwise.convert(compute, x.value(), out);
        Functions.scaleColumns(compute, out, rates);
        return tape.record(
                out,
                x.tokenRows(),
                List.of(rates, out),
                gradient -> {
                    if (x.differentiable()) {
                        Tensor passed =
                                tape.temporary(x.value().dtype(), x.value().shape());
                        Elementwise.convert(compute, gradient, passed);
                        Functions.scaleColumns(compute, passed, rates);
                        tape.addGradient(x, passed);
                    }
                },
                gradient -> {
                    // d(out) / d(a) = out.
                    Tensor sums = tape.temporary(DType.F32, Shape.of(x.rows(), heads));
                    Functions.dotHeads(compute, gradient, out, sums);
                    Elementwise.columnSum(compute, sums, a.gradient());
                    sums.release();
                });
    }

    /** {@code x[t, c] * factors[c]} of [n, C] and fixed numbers, F32 [C]. */
    public static Variable scaleColumns(Tape tape, Variable x, Tensor factors) {
        Compute compute = tape.compute();
        Tensor out = tape.output(x.value().dtype(), x.value().shape());
        Elementwise.convert(compute, x.value(), out);
        Functions.scaleColumns(compute, out, factors);
        return tape.record(
                out,
                x.tokenRows(),
                List.of(factors),
                gradient -> {
                    if (x.differentiable()) {
                        Tensor passed =
                                tape.temporary(x.value().dtype(), x.value().shape());
                        Elementwise.convert(compute, gradient, passed);
                        Functions.scaleColumns(compute, passed, factors);
                        tape.addGradient(x, passed);
                    }
                },
                null);
    }

    /** {@code x[t, h, :] * weight[h]} of [n, H d] and a vector [H]: one factor for each head, or, with d = 1, each column. */
    public static Variable scaleColumns(Tape tape, Variable x, Weight weight) {
        Compute compute = tape.compute();
        Tensor value = x.value();
        int heads = Math.toIntExact(weight.compute().count());
        Tensor out = tape.output(value.dtype(), value.shape());
        Elementwise.convert(compute, value, out);
        Functions.scaleColumns(compute, out, weight.compute());
        return tape.record(
                out,
                x.tokenRows(),
                List.of(value),
                gradient -> {
                    if (x.differentiable()) {
                        Tensor passed = tape.temporary(value.dtype(), value.shape());
                        Elementwise.convert(compute, gradient, passed);
                        Functions.scaleColumns(compute, passed, weight.compute());
                        tape.addGradient(x, passed);
                    }
                },
                gradient -> {
                    Tensor sums = tape.temporary(DType.F32, Shape.of(x.rows(), heads));
                    Functions.dotHeads(compute, gradient, value, sums);
                    Elementwise.columnSum(compute, sums, weight.gradient());
                    sums.release();
                });
    }
}
