package dev.braid.tensor.parameters;

import dev.braid.tensor.Compute;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.ops.CounterRandom;
import dev.braid.tensor.parameters.Parameter.Initialization;
import java.util.function.LongToDoubleFunction;

/** Draws the first values of what a rank holds of a parameter. */
final class FirstValues {
    private FirstValues() {}

    static void draw(Compute compute, Parameter parameter, long seed) {
        Tensor master = parameter.master().reshape(parameter.count());
        switch (parameter.spec().initialization()) {
            case Initialization.Constant constant -> {
                for (long i = 0; i < master.count(); i++) {
                    master.set(i, constant.value());
                }
            }
            case Initialization.Normal normal -> draw(compute, parameter, master, normal.standardDeviation(), seed);
            case Initialization.ByElement byElement -> set(parameter, master, byElement.value());
            case Initialization.Uniform uniform ->
                set(parameter, master, element -> {
                    double x = CounterRandom.uniform(seed, parameter.name(), element);
                    double number = uniform.low() + (uniform.high() - uniform.low()) * x;
                    return uniform.of().apply(number);
                });
        }
    }

    /** Sets each element by its index in the whole parameter. */
    private static void set(Parameter parameter, Tensor master, LongToDoubleFunction value) {
        long width = parameter.part().columns();
        long columns = parameter.spec().shape().columns();
        for (long i = 0; i < master.count(); i++) {
            long element = parameter.bandFrom() + i;
            long global = element / width * columns + parameter.part().firstColumn() + element % width;
            master.set(i, (float) value.applyAsDouble(global));
        }
    }

    /** Row by row of the band, since the generator counts the elements of the whole parameter. */
    private static void draw(Compute compute, Parameter parameter, Tensor master, double deviation, long seed) {
        long width = parameter.part().columns();
        long columns = parameter.spec().shape().columns();
        if (width == columns) {
            CounterRandom.normal(compute, master, seed, parameter.name(), 0, deviation, parameter.bandFrom());
            return;
        }
        long at = 0;
        while (at < master.count()) {
            long element = parameter.bandFrom() + at;
            long count = Math.min(width - element % width, master.count() - at);
            long global = element / width * columns + parameter.part().firstColumn() + element % width;
            CounterRandom.normal(compute, master.rows(at, count), seed, parameter.name(), 0, deviation, global);
            at += count;
        }
    }
}
