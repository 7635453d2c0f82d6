package dev.braid.tensor.parameters;

import dev.braid.tensor.Tensor;
import java.util.function.LongToDoubleFunction;

/**
 * What a rank holds of a parameter for the optimizer: a run of elements, with master values and gradient in F32 and the values
 * that operations read. Where {@link #part} has a band of columns, the elements are counted in the band's row-major order.
 *
 * @param spec the whole parameter
 * @param part what the rank's place on the tensor axis holds of it
 * @param from first element of the run, counted from the start of the part
 * @param master F32 values that the optimizer updates
 * @param gradient F32, same count
 * @param compute what operations read: a BF16 copy of the master, or the master itself
 * @param mine the elements of the run that this rank answers for: each element of the parameter is one rank's, which saves it and
 *     counts it in norms
 */
public record Parameter(
        ParameterSpec spec, Part part, long from, Tensor master, Tensor gradient, Tensor compute, Range mine) {

    /** How a parameter's first values are drawn. */
    public sealed interface Initialization {
        /** Normal with mean 0. */
        record Normal(double standardDeviation) implements Initialization {}

        /** {@code of} a number drawn evenly from {@code low} to {@code high}. */
        record Uniform(double low, double high, Of of) implements Initialization {}

        /** What becomes of a drawn number. */
        enum Of {
            /** The number itself. */
            ITSELF,
            /** Its logarithm: of rates that are learned by their logarithms. */
            LOGARITHM,
            /** {@code y} with {@code log(1 + e^y) = e^x}: of time steps that are learned before their softplus. */
            SOFTPLUS_INVERSE_OF_EXPONENTIAL;

            double apply(double x) {
                return switch (this) {
                    case ITSELF -> x;
                    case LOGARITHM -> StrictMath.log(x);
                    case SOFTPLUS_INVERSE_OF_EXPONENTIAL -> StrictMath.log(StrictMath.expm1(StrictMath.exp(x)));
                };
            }
        }

        /** A function of an element's index in the whole parameter. */
        record ByElement(LongToDoubleFunction value) implements Initialization {}

        /** Every element the same. */
        record Constant(float value) implements Initialization {}
    }

    /** Elements {@code from} until {@code from + count} of a run. */
    public record Range(long from, long count) {
        /** No element. */
        public static final Range NONE = new Range(0, 0);
    }

    /** Global name. */
    public String name() {
        return spec.name();
    }

    /** Number of elements of the run. */
    public long count() {
        return master.count();
    }

    /** First element of the run in its band of columns, counted in the band's row-major order. */
    public long bandFrom() {
        return part.from() + from;
    }

    /** Whether operations read a copy in another dtype than the master's. */
    public boolean hasComputeCopy() {
        return compute != master;
    }

    /** Matrices decay, vectors (norms, biases) do not. */
    public boolean decays() {
        return spec.matrix();
    }
}
