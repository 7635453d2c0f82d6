package dev.braid.parallelism.sharding;

import java.util.Locale;

/**
 * The three savings of ZeRO++ (Wang et al. 2023, arXiv 2306.10209), each by itself or with the others. They need stage 3. With
 * the quantised ones losses are no longer those of the other stages.
 */
public enum ZeroPlusPlus {
    /** Matrices are gathered as INT8 with a scale for each block, by all ranks alike, the owner too. */
    QWZ,
    /** The ranks of a host keep a second copy of all values among them: gathers stay inside the host until the values change. */
    HPZ,
    /** Gradients of matrices travel as INT4 with a scale for each block: first inside hosts, then their sums across. */
    QGZ;

    /** As it is written in a config: {@code qwz}. */
    public String key() {
        return name().toLowerCase(Locale.ROOT);
    }
}
