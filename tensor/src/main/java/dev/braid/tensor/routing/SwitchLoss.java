package dev.braid.tensor.routing;

import java.util.Optional;

/**
 * {@code E sum_e f_e P_e}: f_e is the share of the slots that went to expert e, P_e its mean probability (Fedus et al. 2021, arXiv
 * 2101.03961, section 2.2; Lepikhin et al. 2020, arXiv 2006.16668). It is 1 where all experts get as much. Over each sequence as in
 * DeepSeek-V3 (arXiv 2412.19437, section 2.1.2), or with the counts of the global batch (Qiu et al. 2025, arXiv 2501.11873).
 */
public record SwitchLoss(boolean bySequence, boolean global) implements BalanceLoss {
    @Override
    public Term of(Load load) {
        int runs = load.counts().length;
        int experts = load.counts()[0].length;
        double value = 0;
        double[][] gradient = new double[runs][experts];
        for (int run = 0; run < runs; run++) {
            double all = 0;
            for (double count : load.counts()[run]) {
                all += count;
            }
            for (int e = 0; e < experts && all > 0; e++) {
                double factor = experts * load.counts()[run][e] / all / load.tokens() / runs;
                gradient[run][e] = factor;
                value += factor * load.probabilitySums()[run][e];
            }
        }
        return new Term(value, gradient, Optional.empty());
    }
}
