package dev.braid.tensor.ops;

/** A function of one number, with its derivative: what gates and feature maps are made of. */
public enum ElementFunction {
    /** {@code 1 / (1 + e^-x)}. */
    SIGMOID {
        @Override
        public double value(double x) {
            return 1 / (1 + Math.exp(-x));
        }

        @Override
        public double derivative(double x) {
            double s = value(x);
            return s * (1 - s);
        }
    },
    /** {@code x sigmoid(x)}. */
    SILU {
        @Override
        public double value(double x) {
            return x * SIGMOID.value(x);
        }

        @Override
        public double derivative(double x) {
            double s = SIGMOID.value(x);
            return s * (1 + x * (1 - s));
        }
    },
    /** {@code log(1 + e^x)}. */
    SOFTPLUS {
        @Override
        public double value(double x) {
            return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
        }

        @Override
        public double derivative(double x) {
            return SIGMOID.value(x);
        }
    },
    /** {@code log sigmoid(x)}. */
    LOG_SIGMOID {
        @Override
        public double value(double x) {
            return -SOFTPLUS.value(-x);
        }

        @Override
        public double derivative(double x) {
            return SIGMOID.value(-x);
        }
    },
    /** {@code e^x}. */
    EXP {
        @Override
        public double value(double x) {
            return Math.exp(x);
        }

        @Override
        public double derivative(double x) {
            return Math.exp(x);
        }
    },
    /** {@code tanh x}, with an absolute error of one unit in the last place of 1. */
    TANH {
        @Override
        public double value(double x) {
            return Math.tanh(x);
        }

        @Override
        public double derivative(double x) {
            double t = Math.tanh(x);
            return 1 - t * t;
        }
    },
    /** {@code max(x, 0)}. */
    RELU {
        @Override
        public double value(double x) {
            return Math.max(x, 0);
        }

        @Override
        public double derivative(double x) {
            return x > 0 ? 1 : 0;
        }
    },
    /** {@code max(x, 0)^2} (So et al. 2021, arXiv 2109.08668). */
    SQUARED_RELU {
        @Override
        public double value(double x) {
            return Math.max(x, 0) * Math.max(x, 0);
        }

        @Override
        public double derivative(double x) {
            return 2 * Math.max(x, 0);
        }
    },
    /** {@code elu(x) + 1}: x + 1 above zero, e^x below, positive everywhere (Katharopoulos et al. 2020, arXiv 2006.16236). */
    ELU_PLUS_ONE {
        @Override
        public double value(double x) {
            return x > 0 ? x + 1 : Math.exp(x);
        }

        @Override
        public double derivative(double x) {
            return x > 0 ? 1 : Math.exp(x);
        }
    };

    /** The function in double precision: the reference of the kernels. */
    public abstract double value(double x);

    /** Its derivative; that of {@link #RELU} at zero is zero. */
    public abstract double derivative(double x);
}
