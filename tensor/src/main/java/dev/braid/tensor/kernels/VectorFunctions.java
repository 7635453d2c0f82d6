package dev.braid.tensor.kernels;

import static dev.braid.tensor.kernels.Addresses.getFloat;
import static dev.braid.tensor.kernels.Addresses.setFloat;
import static dev.braid.tensor.kernels.VectorValues.load;
import static dev.braid.tensor.kernels.VectorValues.store;

import dev.braid.tensor.ops.ElementFunction;
import java.lang.invoke.MethodHandles;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/**
 * A loop for each function, those with an exponential {@link OutOfLine}: behind a call of one vector the compiler would allocate the
 * vectors. Tails go through the scalar twins of the same operations.
 */
final class VectorFunctions implements FunctionKernels {
    private static final int LANES = Species.LANES;

    private static final OutOfLine SIGMOID = loop("sigmoid");
    private static final OutOfLine SIGMOID_OF_NEGATIVE = loop("sigmoidOfNegative");
    private static final OutOfLine SIGMOID_SLOPE = loop("sigmoidSlope");
    private static final OutOfLine SILU = loop("silu");
    private static final OutOfLine SILU_SLOPE = loop("siluSlope");
    private static final OutOfLine SOFTPLUS = loop("softplus");
    private static final OutOfLine LOG_SIGMOID = loop("logSigmoid");
    private static final OutOfLine EXP = loop("exp");
    private static final OutOfLine TANH = loop("tanh");
    private static final OutOfLine TANH_SLOPE = loop("tanhSlope");
    private static final OutOfLine ELU_PLUS_ONE = loop("eluPlusOne");
    private static final OutOfLine ELU_SLOPE = loop("eluSlope");

    private static OutOfLine loop(String name) {
        return OutOfLine.of(MethodHandles.lookup(), name, long.class, long.class, int.class);
    }

    @Override
    public void value(ElementFunction function, long x, long out, int count) {
        switch (function) {
            case SIGMOID -> SIGMOID.run(x, out, count);
            case SILU -> SILU.run(x, out, count);
            case SOFTPLUS -> SOFTPLUS.run(x, out, count);
            case LOG_SIGMOID -> LOG_SIGMOID.run(x, out, count);
            case EXP -> EXP.run(x, out, count);
            case TANH -> TANH.run(x, out, count);
            case RELU -> relu(x, out, count);
            case SQUARED_RELU -> {
                relu(x, out, count);
                multiply(out, out, out, count);
            }
            case ELU_PLUS_ONE -> ELU_PLUS_ONE.run(x, out, count);
        }
    }

    @Override
    public void derivative(ElementFunction function, long x, long out, int count) {
        switch (function) {
            case SIGMOID -> SIGMOID_SLOPE.run(x, out, count);
            case SILU -> SILU_SLOPE.run(x, out, count);
            case SOFTPLUS -> SIGMOID.run(x, out, count);
            case LOG_SIGMOID -> SIGMOID_OF_NEGATIVE.run(x, out, count);
            case EXP -> EXP.run(x, out, count);
            case TANH -> TANH_SLOPE.run(x, out, count);
            case RELU -> step(x, out, count);
            case SQUARED_RELU -> {
                relu(x, out, count);
                twice(out, count);
            }
            case ELU_PLUS_ONE -> ELU_SLOPE.run(x, out, count);
        }
    }

    private static void sigmoid(long x, long out, int count) {
        int i = 0;
        for (; i <= count - LANES; i += LANES) {
            store(VectorMath.sigmoid(load(x, i)), out, i);
        }
        for (; i < count; i++) {
            setFloat(out, i, VectorMath.sigmoid(getFloat(x, i)));
        }
    }

    private static void sigmoidOfNegative(long x, long out, int count) {
        int i = 0;
        for (; i <= count - LANES; i += LANES) {
            store(VectorMath.sigmoid(load(x, i).neg()), out, i);
        }
        for (; i < count; i++) {
            setFloat(out, i, VectorMath.sigmoid(-getFloat(x, i)));
        }
    }

    private static void sigmoidSlope(long x, long out, int count) {
        FloatVector one = FloatVector.broadcast(Species.FLOAT, 1);
        int i = 0;
        for (; i <= count - LANES; i += LANES) {
            FloatVector s = VectorMath.sigmoid(load(x, i));
            store(s.mul(one.sub(s)), out, i);
        }
        for (; i < count; i++) {
            float s = VectorMath.sigmoid(getFloat(x, i));
            setFloat(out, i, s * (1 - s));
        }
    }

    private static void silu(long x, long out, int count) {
        int i = 0;
        for (; i <= count - LANES; i += LANES) {
            FloatVector value = load(x, i);
            store(value.mul(VectorMath.sigmoid(value)), out, i);
        }
        for (; i < count; i++) {
            float value = getFloat(x, i);
            setFloat(out, i, value * VectorMath.sigmoid(value));
        }
    }

    private static void siluSlope(long x, long out, int count) {
        FloatVector one = FloatVector.broadcast(Species.FLOAT, 1);
        int i = 0;
        for (; i <= count - LANES; i += LANES) {
            FloatVector value = load(x, i);
            FloatVector s = VectorMath.sigmoid(value);
            store(s.mul(value.mul(one.sub(s)).add(one)), out, i);
        }
        for (; i < count; i++) {
            float value = getFloat(x, i);
            float s = VectorMath.sigmoid(value);
            setFloat(out, i, s * (value * (1 - s) + 1));
        }
    }

    private static void softplus(long x, long out, int count) {
        softplus(x, out, 1, count);
    }

    private static void logSigmoid(long x, long out, int count) {
        softplus(x, out, -1, count);
    }

    /** {@code sign * softplus(sign * x)}. */
    private static void softplus(long x, long out, float sign, int count) {
        int i = 0;
        for (; i <= count - LANES; i += LANES) {
            store(VectorMath.softplus(load(x, i).mul(sign)).mul(sign), out, i);
        }
        for (; i < count; i++) {
            setFloat(out, i, VectorMath.softplus(getFloat(x, i) * sign) * sign);
        }
    }

    private static void exp(long x, long out, int count) {
        int i = 0;
        for (; i <= count - LANES; i += LANES) {
            store(VectorMath.exp(load(x, i)), out, i);
        }
        for (; i < count; i++) {
            setFloat(out, i, VectorMath.exp(getFloat(x, i)));
        }
    }

    /** {@code 2 sigmoid(2 x) - 1}. */
    private static void tanh(long x, long out, int count) {
        int i = 0;
        for (; i <= count - LANES; i += LANES) {
            store(VectorMath.sigmoid(load(x, i).mul(2)).mul(2).sub(1), out, i);
        }
        for (; i < count; i++) {
            setFloat(out, i, VectorMath.sigmoid(getFloat(x, i) * 2) * 2 - 1);
        }
    }

    /** {@code 4 s (1 - s)} with {@code s = sigmoid(2 x)}: nothing cancels where tanh is nearly one. */
    private static void tanhSlope(long x, long out, int count) {
        FloatVector one = FloatVector.broadcast(Species.FLOAT, 1);
        int i = 0;
        for (; i <= count - LANES; i += LANES) {
            FloatVector s = VectorMath.sigmoid(load(x, i).mul(2));
            store(s.mul(one.sub(s)).mul(4), out, i);
        }
        for (; i < count; i++) {
            float s = VectorMath.sigmoid(getFloat(x, i) * 2);
            setFloat(out, i, s * (1 - s) * 4);
        }
    }

    private static void relu(long x, long out, int count) {
        int i = 0;
        for (; i <= count - LANES; i += LANES) {
            store(load(x, i).max(0), out, i);
        }
        for (; i < count; i++) {
            setFloat(out, i, Math.max(getFloat(x, i), 0));
        }
    }

    private static void step(long x, long out, int count) {
        FloatVector zero = FloatVector.zero(Species.FLOAT);
        int i = 0;
        for (; i <= count - LANES; i += LANES) {
            VectorMask<Float> above = load(x, i).compare(VectorOperators.GT, 0);
            store(zero.blend(1, above), out, i);
        }
        for (; i < count; i++) {
            setFloat(out, i, getFloat(x, i) > 0 ? 1 : 0);
        }
    }

    private static void twice(long values, int count) {
        int i = 0;
        for (; i <= count - LANES; i += LANES) {
            store(load(values, i).mul(2), values, i);
        }
        for (; i < count; i++) {
            setFloat(values, i, getFloat(values, i) * 2);
        }
    }

    private static void eluPlusOne(long x, long out, int count) {
        int i = 0;
        for (; i <= count - LANES; i += LANES) {
            FloatVector value = load(x, i);
            VectorMask<Float> above = value.compare(VectorOperators.GT, 0);
            store(VectorMath.exp(value).blend(value.add(1), above), out, i);
        }
        for (; i < count; i++) {
            float value = getFloat(x, i);
            setFloat(out, i, value > 0 ? value + 1 : VectorMath.exp(value));
        }
    }

    private static void eluSlope(long x, long out, int count) {
        int i = 0;
        for (; i <= count - LANES; i += LANES) {
            FloatVector value = load(x, i);
            VectorMask<Float> above = value.compare(VectorOperators.GT, 0);
            store(VectorMath.exp(value).blend(1, above), out, i);
        }
        for (; i < count; i++) {
            float value = getFloat(x, i);
            setFloat(out, i, value > 0 ? 1 : VectorMath.exp(value));
        }
    }

    @Override
    public void multiply(long a, long b, long out, int count) {
        int i = 0;
        for (; i <= count - LANES; i += LANES) {
            store(load(a, i).mul(load(b, i)), out, i);
        }
        for (; i < count; i++) {
            setFloat(out, i, getFloat(a, i) * getFloat(b, i));
        }
    }

    @Override
    public void subtract(long a, long b, long out, int count) {
        int i = 0;
        for (; i <= count - LANES; i += LANES) {
            store(load(a, i).sub(load(b, i)), out, i);
        }
        for (; i < count; i++) {
            setFloat(out, i, getFloat(a, i) - getFloat(b, i));
        }
    }

    @Override
    public void mix(long a, long b, long far, long out, int count) {
        int i = 0;
        for (; i <= count - LANES; i += LANES) {
            FloatVector from = load(a, i);
            store(load(b, i).sub(from).fma(load(far, i), from), out, i);
        }
        for (; i < count; i++) {
            setFloat(out, i, Math.fma(getFloat(b, i) - getFloat(a, i), getFloat(far, i), getFloat(a, i)));
        }
    }

    @Override
    public void scaleHeads(long x, long factors, long out, int rows, int heads, int size) {
        for (long head = 0; head < (long) rows * heads; head++) {
            float factor = getFloat(factors, head);
            long from = x + head * size * Float.BYTES;
            long to = out + head * size * Float.BYTES;
            int i = 0;
            for (; i <= size - LANES; i += LANES) {
                store(load(from, i).mul(factor), to, i);
            }
            for (; i < size; i++) {
                setFloat(to, i, getFloat(from, i) * factor);
            }
        }
    }

    @Override
    public void dotHeads(long a, long b, long out, int rows, int heads, int size) {
        for (long head = 0; head < (long) rows * heads; head++) {
            long left = a + head * size * Float.BYTES;
            long right = b + head * size * Float.BYTES;
            FloatVector sums = FloatVector.zero(Species.FLOAT);
            int i = 0;
            for (; i <= size - LANES; i += LANES) {
                sums = load(left, i).fma(load(right, i), sums);
            }
            float sum = VectorMath.sum(sums);
            for (; i < size; i++) {
                sum = Math.fma(getFloat(left, i), getFloat(right, i), sum);
            }
            setFloat(out, head, sum);
        }
    }
}
