package dev.braid.parallelism.pipeline.schedules;

import dev.braid.parallelism.pipeline.StageMap;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** The schedules that {@link Schedules} makes. */
public enum ScheduleName {
    /** All forwards, then all backwards. */
    GPIPE("gpipe", Placement.LINEAR, true),
    /** A backward as soon as there is one; the least memory of one stage a rank. */
    ONE_F_ONE_B("1f1b", Placement.LINEAR, true),
    /** 1F1B over several stages a rank: less bubble, more communication. */
    INTERLEAVED("interleaved", Placement.LOOPED, true),
    /** Weight gradients fill a part of 1F1B's bubble, in 1F1B's memory. */
    ZB_H1("zb-h1", Placement.LINEAR, true),
    /** No bubble, in twice the memory of 1F1B. */
    ZB_H2("zb-h2", Placement.LINEAR, false),
    /** Made for the given costs, in 1F1B's memory. */
    ZB_1P("zb-1p", Placement.LINEAR, false),
    /** Made for the given costs, in twice the memory of 1F1B. */
    ZB_2P("zb-2p", Placement.LINEAR, false),
    /** No bubble where F, I and W take equal times, in 1F1B's memory. */
    ZB_V("zb-v", Placement.V_SHAPED, false),
    /** Half the memory of 1F1B, and about half its bubble. */
    V_HALF("v-half", Placement.V_SHAPED, true),
    /** A third of 1F1B's memory, and two thirds of its bubble. */
    V_MIN("v-min", Placement.V_SHAPED, true),
    /** Micro-batches from both ends, computing hides communication; weights twice. */
    DUALPIPE("dualpipe", Placement.BOTH_WAYS, true),
    /** DualPipe's half as a V: computing hides communication, weights once. */
    DUALPIPE_V("dualpipe-v", Placement.V_SHAPED, true);

    private enum Placement {
        LINEAR,
        LOOPED,
        V_SHAPED,
        BOTH_WAYS
    }

    private final String label;
    private final Placement placement;
    private final boolean settles;

    ScheduleName(String label, Placement placement, boolean settles) {
        this.label = label;
        this.placement = placement;
        this.settles = settles;
    }

    /** As it is written in a config: {@code zb-h1}. */
    public String label() {
        return label;
    }

    /** See {@link dev.braid.parallelism.pipeline.Schedule#settles}. */
    public boolean settles() {
        return settles;
    }

    /**
     * Whether it is made for the costs of stages within a memory limit. {@link #ZB_V} goes by costs where stages are uneven, but by no
     * limit; the others are the same whatever a stage costs.
     */
    public boolean automatic() {
        return this == ZB_1P || this == ZB_2P;
    }

    /** The schedule of that label. */
    public static Optional<ScheduleName> find(String label) {
        return Arrays.stream(values()).filter(name -> name.label.equals(label)).findFirst();
    }

    /** All labels, in order. */
    public static List<String> labels() {
        return Arrays.stream(values()).map(ScheduleName::label).toList();
    }

    /** How many stages a rank has where a request does not say. */
    public int defaultChunks() {
        return placement == Placement.LOOPED || placement == Placement.V_SHAPED ? 2 : 1;
    }

    /** Whether a rank may have that many stages. */
    public boolean allowsChunks(int chunks) {
        return placement == Placement.LOOPED ? chunks > 1 : chunks == defaultChunks();
    }

    /** Whether it is defined for so many micro-batches on so many ranks. */
    public boolean allows(int ranks, int microbatches) {
        return allowsRanks(ranks)
                && microbatches > 0
                && switch (this) {
                    case DUALPIPE -> microbatches % 2 == 0 && microbatches >= 2 * ranks;
                    case DUALPIPE_V -> microbatches >= 2 * ranks;
                    case GPIPE, ONE_F_ONE_B, INTERLEAVED, ZB_H1, ZB_H2, ZB_1P, ZB_2P, ZB_V, V_HALF, V_MIN -> true;
                };
    }

    /** Whether it is defined on so many ranks for any number of micro-batches. */
    public boolean allowsRanks(int ranks) {
        return ranks > 0 && (placement != Placement.BOTH_WAYS || ranks % 2 == 0);
    }

    /** Which rank runs which stage. */
    StageMap map(int ranks, int chunks) {
        return switch (placement) {
            case LINEAR -> StageMap.linear(ranks);
            case LOOPED -> StageMap.looped(ranks, chunks);
            case V_SHAPED -> StageMap.vShaped(ranks);
            case BOTH_WAYS -> StageMap.bothWays(ranks);
        };
    }

    @Override
    public String toString() {
        return label;
    }
}
