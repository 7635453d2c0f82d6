package dev.braid.tensor.routing;

/** The standard normal distribution. */
final class Normal {
    private static final double ROOT = Math.sqrt(2 * Math.PI);
    /** From here on the tail is below the resolution of f64 beside 1. */
    private static final double FAR = 9;

    private Normal() {}

    /** {@code e^(-z^2 / 2) / sqrt(2 pi)}. */
    static double density(double z) {
        return Math.exp(-z * z / 2) / ROOT;
    }

    /**
     * The probability of a number of at most z: {@code 1/2 + density(z) (z + z^3/3 + z^5/(3 5) + ...)}, whose summands have one sign, so
     * that none is lost against another (Abramowitz and Stegun 1964, 26.2.11).
     */
    static double cumulative(double z) {
        if (!(Math.abs(z) < FAR)) {
            return z > 0 ? 1 : 0;
        }
        double term = z;
        double sum = z;
        for (int i = 3; Math.abs(term) > Math.ulp(sum) / 2; i += 2) {
            term *= z * z / i;
            sum += term;
        }
        return 0.5 + density(z) * sum;
    }
}
