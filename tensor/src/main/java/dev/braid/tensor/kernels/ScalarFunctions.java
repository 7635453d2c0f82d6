package dev.braid.tensor.kernels;

import static dev.braid.tensor.kernels.Addresses.getFloat;
import static dev.braid.tensor.kernels.Addresses.setFloat;

import dev.braid.tensor.ops.ElementFunction;

final class ScalarFunctions implements FunctionKernels {
    @Override
    public void value(ElementFunction function, long x, long out, int count) {
        for (int i = 0; i < count; i++) {
            setFloat(out, i, (float) function.value(getFloat(x, i)));
        }
    }

    @Override
    public void derivative(ElementFunction function, long x, long out, int count) {
        for (int i = 0; i < count; i++) {
            setFloat(out, i, (float) function.derivative(getFloat(x, i)));
        }
    }

    @Override
    public void multiply(long a, long b, long out, int count) {
        for (int i = 0; i < count; i++) {
            setFloat(out, i, getFloat(a, i) * getFloat(b, i));
        }
    }

    @Override
    public void subtract(long a, long b, long out, int count) {
        for (int i = 0; i < count; i++) {
            setFloat(out, i, getFloat(a, i) - getFloat(b, i));
        }
    }

    @Override
    public void mix(long a, long b, long far, long out, int count) {
        for (int i = 0; i < count; i++) {
            setFloat(out, i, Math.fma(getFloat(b, i) - getFloat(a, i), getFloat(far, i), getFloat(a, i)));
        }
    }

    @Override
    public void scaleHeads(long x, long factors, long out, int rows, int heads, int size) {
        for (long head = 0; head < (long) rows * heads; head++) {
            float factor = getFloat(factors, head);
            for (int i = 0; i < size; i++) {
                setFloat(out, head * size + i, getFloat(x, head * size + i) * factor);
            }
        }
    }

    @Override
    public void dotHeads(long a, long b, long out, int rows, int heads, int size) {
        for (long head = 0; head < (long) rows * heads; head++) {
            double sum = 0;
            for (int i = 0; i < size; i++) {
                sum += (double) getFloat(a, head * size + i) * getFloat(b, head * size + i);
            }
            setFloat(out, head, (float) sum);
        }
    }
}
