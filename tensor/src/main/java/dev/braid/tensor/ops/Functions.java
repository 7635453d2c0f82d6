package dev.braid.tensor.ops;

import dev.braid.tensor.Compute;
import dev.braid.tensor.DType;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.kernels.Addresses;
import dev.braid.tensor.kernels.ElementwiseKernels;
import dev.braid.tensor.kernels.FunctionKernels;

/**
 * Functions of single elements and products of tensors. Tensors are F32 or BF16 in any mixture; arithmetic is f32, rounded once,
 * to nearest even.
 */
public final class Functions {
    private Functions() {}

    /** {@code out = f(x)}; same counts. */
    public static void apply(Compute compute, ElementFunction function, Tensor x, Tensor out) {
        Check check = new Check("function");
        check.values("x", x, x.count());
        check.values("out", out, x.count());
        FunctionKernels kernels = compute.kernels().functions();
        Tiles tiles = new Tiles(compute);
        Tiles.Operand input = tiles.readElements(x);
        Tiles.Operand result = tiles.writeElements(out);
        tiles.run(
                check.operation(),
                4.0 * x.count(),
                x.count(),
                tile -> kernels.value(function, tile.of(input), tile.of(result), tile.rows()));
    }

    /** {@code dX = dOut * f'(x)}; same counts; {@code dX} is a tensor of its own. */
    public static void inputGradient(Compute compute, ElementFunction function, Tensor dOut, Tensor x, Tensor dX) {
        Check check = new Check("function.input_gradient");
        check.values("dOut", dOut, x.count());
        check.values("x", x, x.count());
        check.values("dX", dX, x.count());
        check.require(
                x.count() == 0 || dX.address() != x.address() && dX.address() != dOut.address(),
                "dX must not be x or dOut itself; allocate a tensor for it");
        FunctionKernels kernels = compute.kernels().functions();
        Tiles tiles = new Tiles(compute);
        Tiles.Operand gradient = tiles.readElements(dOut);
        Tiles.Operand input = tiles.readElements(x);
        Tiles.Operand result = tiles.writeElements(dX);
        tiles.run(check.operation(), 5.0 * x.count(), x.count(), tile -> {
            kernels.derivative(function, tile.of(input), tile.of(result), tile.rows());
            kernels.multiply(tile.of(gradient), tile.of(result), tile.of(result), tile.rows());
        });
    }

    /** {@code out = a * b}; same counts; {@code out} may be {@code a} or {@code b}. */
    public static void multiply(Compute compute, Tensor a, Tensor b, Tensor out) {
        Check check = new Check("multiply");
        check.values("a", a, a.count());
        check.values("b", b, a.count());
        check.values("out", out, a.count());
        FunctionKernels kernels = compute.kernels().functions();
        Tiles tiles = new Tiles(compute);
        Tiles.Operand left = tiles.readElements(a);
        Tiles.Operand right = tiles.readElements(b);
        Tiles.Operand product = tiles.writeElements(out);
        tiles.run(
                check.operation(),
                a.count(),
                a.count(),
                tile -> kernels.multiply(tile.of(left), tile.of(right), tile.of(product), tile.rows()));
    }

    /** {@code out = a - b}; same counts; {@code out} may be {@code a} or {@code b}. */
    public static void subtract(Compute compute, Tensor a, Tensor b, Tensor out) {
        Check check = new Check("subtract");
        check.values("a", a, a.count());
        check.values("b", b, a.count());
        check.values("out", out, a.count());
        FunctionKernels kernels = compute.kernels().functions();
        Tiles tiles = new Tiles(compute);
        Tiles.Operand left = tiles.readElements(a);
        Tiles.Operand right = tiles.readElements(b);
        Tiles.Operand difference = tiles.writeElements(out);
        tiles.run(
                check.operation(),
                a.count(),
                a.count(),
                tile -> kernels.subtract(tile.of(left), tile.of(right), tile.of(difference), tile.rows()));
    }

    /** {@code out = a + (b - a) far}, element by element; same counts; {@code out} may be any of them. */
    public static void mix(Compute compute, Tensor a, Tensor b, Tensor far, Tensor out) {
        Check check = new Check("mix");
        check.values("a", a, a.count());
        check.values("b", b, a.count());
        check.values("far", far, a.count());
        check.values("out", out, a.count());
        FunctionKernels kernels = compute.kernels().functions();
        Tiles tiles = new Tiles(compute);
        Tiles.Operand from = tiles.readElements(a);
        Tiles.Operand to = tiles.readElements(b);
        Tiles.Operand share = tiles.readElements(far);
        Tiles.Operand mixed = tiles.writeElements(out);
        tiles.run(
                check.operation(),
                3.0 * a.count(),
                a.count(),
                tile -> kernels.mix(tile.of(from), tile.of(to), tile.of(share), tile.of(mixed), tile.rows()));
    }

    /** {@code out = 1 / x}; same counts; {@code out} may be {@code x}. For a few numbers a token. */
    public static void reciprocal(Compute compute, Tensor x, Tensor out) {
        Check check = new Check("reciprocal");
        check.values("x", x, x.count());
        check.values("out", out, x.count());
        Tiles tiles = new Tiles(compute);
        Tiles.Operand input = tiles.readElements(x);
        Tiles.Operand result = tiles.writeElements(out);
        tiles.run(check.operation(), x.count(), x.count(), tile -> {
            for (int i = 0; i < tile.rows(); i++) {
                Addresses.setFloat(tile.of(result), i, 1 / Addresses.getFloat(tile.of(input), i));
            }
        });
    }

    /** {@code out = min(max(x, low), high)}; same counts; {@code out} may be {@code x}. For a few numbers a token. */
    public static void clamp(Compute compute, Tensor x, float low, float high, Tensor out) {
        Check check = new Check("clamp");
        check.values("x", x, x.count());
        check.values("out", out, x.count());
        check.require(low <= high, "the lower limit " + low + " must not be above the upper one " + high);
        Tiles tiles = new Tiles(compute);
        Tiles.Operand input = tiles.readElements(x);
        Tiles.Operand result = tiles.writeElements(out);
        tiles.run(check.operation(), x.count(), x.count(), tile -> {
            for (int i = 0; i < tile.rows(); i++) {
                float value = Addresses.getFloat(tile.of(input), i);
                Addresses.setFloat(tile.of(result), i, Math.min(Math.max(value, low), high));
            }
        });
    }

    /** {@code dX = dOut} where {@code low <= x <= high}, zero elsewhere; same counts; {@code dX} may be {@code dOut}. */
    public static void clampGradient(Compute compute, Tensor dOut, Tensor x, float low, float high, Tensor dX) {
        Check check = new Check("clamp.input_gradient");
        check.values("dOut", dOut, x.count());
        check.values("x", x, x.count());
        check.values("dX", dX, x.count());
        Tiles tiles = new Tiles(compute);
        Tiles.Operand gradient = tiles.readElements(dOut);
        Tiles.Operand input = tiles.readElements(x);
        Tiles.Operand result = tiles.writeElements(dX);
        tiles.run(check.operation(), x.count(), x.count(), tile -> {
            for (int i = 0; i < tile.rows(); i++) {
                float value = Addresses.getFloat(tile.of(input), i);
                boolean inside = value >= low && value <= high;
                Addresses.setFloat(tile.of(result), i, inside ? Addresses.getFloat(tile.of(gradient), i) : 0);
            }
        });
    }

    /** {@code out[r, h, :] = x[r, h, :] * factors[r, h]}: {@code x} and {@code out} [n, H d], {@code factors} [n, H]. */
    public static void scaleHeads(Compute compute, Tensor x, Tensor factors, Tensor out) {
        Check check = new Check("scale_heads");
        int rows = check.valueRows("x", x);
        int heads = heads(check, x, factors);
        check.matrix("out", out, out.dtype(), rows, Check.columns(x));
        int size = Check.columns(x) / heads;
        FunctionKernels kernels = compute.kernels().functions();
        Tiles tiles = new Tiles(compute);
        Tiles.Operand input = tiles.read(x);
        Tiles.Operand scales = tiles.read(factors);
        Tiles.Operand result = tiles.write(out);
        tiles.run(
                check.operation(),
                x.count(),
                rows,
                tile -> kernels.scaleHeads(tile.of(input), tile.of(scales), tile.of(result), tile.rows(), heads, size));
    }

    /** {@code out[r, h] = sum_i a[r, h, i] b[r, h, i]}: {@code a} and {@code b} [n, H d], {@code out} [n, H]. */
    public static void dotHeads(Compute compute, Tensor a, Tensor b, Tensor out) {
        Check check = new Check("dot_heads");
        int rows = check.valueRows("a", a);
        int heads = heads(check, a, out);
        check.matrix("b", b, b.dtype(), rows, Check.columns(a));
        int size = Check.columns(a) / heads;
        FunctionKernels kernels = compute.kernels().functions();
        Tiles tiles = new Tiles(compute);
        Tiles.Operand left = tiles.read(a);
        Tiles.Operand right = tiles.read(b);
        Tiles.Operand result = tiles.write(out);
        tiles.run(check.operation(), 2.0 * a.count(), rows, tile -> {
            if (size == 1) {
                kernels.multiply(tile.of(left), tile.of(right), tile.of(result), tile.rows() * heads);
            } else {
                kernels.dotHeads(tile.of(left), tile.of(right), tile.of(result), tile.rows(), heads, size);
            }
        });
    }

    /** Heads of {@code x} [n, H d] for one number a head [n, H]. */
    private static int heads(Check check, Tensor x, Tensor perHead) {
        int heads = Check.columns(perHead);
        check.require(
                heads > 0 && Check.columns(x) % heads == 0,
                heads + " numbers a row must divide the " + Check.columns(x) + " columns");
        check.matrix("one number a head", perHead, perHead.dtype(), x.shape().rows(), heads);
        return heads;
    }

    /** Multiplies columns {@code h d} until {@code (h + 1) d} of {@code y} [n, H d] by {@code factors} [H], F32, in place. */
    public static void scaleColumns(Compute compute, Tensor y, Tensor factors) {
        Check check = new Check("scale_columns");
        int rows = check.valueRows("y", y);
        int columns = Check.columns(y);
        int heads = Math.toIntExact(factors.count());
        check.elements("factors", factors, DType.F32, heads);
        check.require(heads > 0 && columns % heads == 0, heads + " factors must divide the " + columns + " columns");
        long factorsAt = factors.address();
        FunctionKernels kernels = compute.kernels().functions();
        Tiles tiles = new Tiles(compute);
        Tiles.Operand values = tiles.update(y, 0, columns);
        tiles.run(check.operation(), y.count(), rows, tile -> {
            for (int row = 0; row < tile.rows(); row++) {
                long at = tile.of(values) + (long) row * columns * Float.BYTES;
                if (heads == columns) {
                    kernels.multiply(at, factorsAt, at, columns);
                } else {
                    kernels.scaleHeads(at, factorsAt, at, 1, heads, columns / heads);
                }
            }
        });
    }

    /**
     * Copies each head so that neighbours are alike: {@code x} [n, G d], {@code out} [n, G s d] of the same dtype, the s copies of
     * a head side by side.
     *
     * @param size columns of a head
     */
    public static void repeatHeads(Compute compute, Tensor x, Tensor out, int size) {
        Check check = new Check("repeat_heads");
        int rows = check.valueRows("x", x);
        int columns = Check.columns(x);
        int wide = Check.columns(out);
        check.matrix("out", out, x.dtype(), rows, wide);
        check.require(
                size > 0 && columns % size == 0 && columns > 0 && wide % columns == 0,
                "heads of " + size + " columns must divide the " + columns + " columns of x, and those the " + wide
                        + " of out");
        int copies = wide / columns;
        long bytes = (long) size * x.dtype().bytes();
        long from = x.address();
        long to = out.address();
        long heads = columns / size;
        Blocks.Range body = (first, count) -> {
            for (long head = first * heads; head < (first + count) * heads; head++) {
                for (int copy = 0; copy < copies; copy++) {
                    Addresses.copy(from + head * bytes, to + (head * copies + copy) * bytes, bytes);
                }
            }
        };
        compute.profile().time(check.operation(), 0, () -> Blocks.rows(compute, rows, wide, body));
    }

    /**
     * Sums neighbouring heads: {@code x} [n, G s d] of G groups of s heads of size d, {@code out} [n, G d].
     *
     * @param groups number of groups
     * @param size columns of a head
     */
    public static void sumGroups(Compute compute, Tensor x, Tensor out, int groups, int size) {
        Check check = new Check("sum_groups");
        int rows = check.valueRows("x", x);
        int columns = Check.columns(x);
        check.require(
                groups > 0 && size > 0 && columns % (groups * size) == 0,
                groups + " groups of heads of " + size + " columns must divide the " + columns + " columns");
        check.matrix("out", out, out.dtype(), rows, (long) groups * size);
        int shared = columns / (groups * size);
        ElementwiseKernels kernels = compute.kernels().elementwise();
        Tiles tiles = new Tiles(compute);
        Tiles.Operand heads = tiles.read(x);
        Tiles.Operand sums = tiles.write(out);
        tiles.run(check.operation(), x.count(), rows, tile -> {
            for (long group = 0; group < (long) tile.rows() * groups; group++) {
                long from = tile.of(heads) + group * shared * size * Float.BYTES;
                long to = tile.of(sums) + group * size * Float.BYTES;
                Addresses.copy(from, to, (long) size * Float.BYTES);
                for (int head = 1; head < shared; head++) {
                    kernels.add(to, from + (long) head * size * Float.BYTES, to, size);
                }
            }
        });
    }
}
