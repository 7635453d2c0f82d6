package dev.braid.tensor.routing;

/**
 * {@code CV^2(importance) + CV^2(load)}: the squared coefficient of variation is the variance over the squared mean; an expert's
 * importance is the sum of its probabilities (Shazeer et al. 2017, arXiv 1701.06538, section 4 and appendix A). The load is the
 * router's smooth estimate, which has a gradient, or, where there is none, the counts, which have none. It is 0 where all experts get as
 * much.
 */
public record CoefficientOfVariation() implements BalanceLoss {
    @Override
    public boolean bySequence() {
        return false;
    }

    @Override
    public boolean global() {
        return false;
    }

    @Override
    public boolean smooth() {
        return true;
    }

    @Override
    public Term of(Load load) {
        int runs = load.counts().length;
        double[][] loads = load.smooth().orElse(load.counts());
        double[][] importanceGradient = new double[runs][];
        double[][] loadGradient = new double[runs][];
        double value = 0;
        for (int run = 0; run < runs; run++) {
            value += squared(load.probabilitySums()[run]) / runs + squared(loads[run]) / runs;
            importanceGradient[run] = gradient(load.probabilitySums()[run], runs);
            loadGradient[run] = gradient(loads[run], runs);
        }
        return new Term(value, importanceGradient, load.smooth().map(estimate -> loadGradient));
    }

    private static double squared(double[] values) {
        double mean = mean(values);
        double sum = 0;
        for (double value : values) {
            sum += (value - mean) * (value - mean);
        }
        return mean == 0 ? 0 : sum / values.length / (mean * mean);
    }

    /** With q the mean square: {@code dCV^2/dx_e = 2 (x_e - q / m) / (E m^2)}. */
    private static double[] gradient(double[] values, int runs) {
        double mean = mean(values);
        double[] gradient = new double[values.length];
        double squares = 0;
        for (double value : values) {
            squares += value * value / values.length;
        }
        for (int e = 0; e < values.length && mean != 0; e++) {
            gradient[e] = 2 * (values[e] - squares / mean) / (values.length * mean * mean) / runs;
        }
        return gradient;
    }

    private static double mean(double[] values) {
        double sum = 0;
        for (double value : values) {
            sum += value;
        }
        return sum / values.length;
    }
}
