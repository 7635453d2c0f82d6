package dev.braid.tensor.routing;

import dev.braid.tensor.Compute;
import dev.braid.tensor.DType;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.kernels.Addresses;
import dev.braid.tensor.parameters.ExpertHosts;
import java.util.Arrays;
import java.util.function.BiFunction;

/**
 * What a rank does with rows that other hosts have sent to its own through it, and where it finds those for its own experts: first
 * lie all that have come from other ranks by themselves, then those that neighbours have handed on.
 *
 * @param places I32 [h]: of the rows that have come, those to hand on, those for rank 0 first, for each rank in the order in which
 *     they came
 * @param placeOfRow I32 [rows]: where the row lies that belongs in each row of this rank's experts, -1 in one that fills up
 * @param out rows to hand on to each rank
 * @param in rows that each rank hands on to this one
 */
public record HandedRows(Tensor places, Tensor placeOfRow, int[] out, int[] in) {
    /**
     * What a rank knows of rows from others.
     *
     * @param hosts of all ranks
     * @param rank this one
     * @param came rows that each rank has sent here, for this one or others
     * @param own rows of each rank's tokens that have experts here, whoever brings them
     */
    public record Arrivals(ExpertHosts hosts, int rank, int[] came, int[] own) {
        /** What {@link #came} is when as much comes in as goes out, for a rehearsal. */
        public static int[] even(ExpertHosts hosts, int rank, int rows, int tokens) {
            int[] came = new int[hosts.ranks()];
            for (int from = 0; from < came.length; from++) {
                came[from] = Math.min(tokens, rows * hosts.served(from, rank).size());
            }
            return came;
        }

        private boolean neighbour(int other) {
            return hosts.host(other) == hosts.host(rank);
        }
    }

    /**
     * Finds out.
     *
     * @param needs see {@link HostRows#needs}, of the rows that have come
     * @param here slots of the rows with experts here, by rank, then token
     * @param allocate makes the tensors
     */
    public static HandedRows of(
            Compute compute,
            Arrivals arrivals,
            Tensor needs,
            Assignment here,
            BiFunction<DType, Shape, Tensor> allocate) {
        boolean rehearsing = compute.workers().rehearsing();
        int[] out = new int[arrivals.hosts.ranks()];
        int[] in = new int[arrivals.hosts.ranks()];
        for (int other = 0; other < out.length; other++) {
            if (arrivals.neighbour(other) && other != arrivals.rank) {
                out[other] = rehearsing ? passing(arrivals) : needed(arrivals, needs, other);
            } else if (!arrivals.neighbour(other)) {
                int relay = arrivals.hosts.relay(other, arrivals.rank);
                in[relay] += relay == arrivals.rank ? 0 : arrivals.own[other];
            }
        }
        HandedRows made = new HandedRows(
                allocate.apply(DType.I32, Shape.of(Arrays.stream(out).sum())),
                allocate.apply(DType.I32, here.slotOfRow().shape()),
                out,
                in);
        if (!rehearsing) {
            compute.profile().time("experts.sort", 0, () -> made.fill(arrivals, needs, here));
        }
        return made;
    }

    /** Rows for one neighbour that come through this rank, when as many are for it as for this one. */
    private static int passing(Arrivals arrivals) {
        int rows = 0;
        for (int from = 0; from < arrivals.own.length; from++) {
            boolean through = arrivals.hosts.relay(from, arrivals.rank) == arrivals.rank;
            rows += through && !arrivals.neighbour(from) ? arrivals.own[from] : 0;
        }
        return rows;
    }

    private static int needed(Arrivals arrivals, Tensor needs, int neighbour) {
        int count = 0;
        for (int row = 0; row < needs.shape().rows(); row++) {
            count += HostBits.has(needs, row, arrivals.hosts.place(neighbour)) ? 1 : 0;
        }
        return count;
    }

    private void fill(Arrivals arrivals, Tensor needs, Assignment here) {
        int next = 0;
        for (int to = 0; to < out.length; to++) {
            for (int row = 0; out[to] > 0 && row < needs.shape().rows(); row++) {
                if (HostBits.has(needs, row, arrivals.hosts.place(to))) {
                    Addresses.setInt(places.address(), next++, row);
                }
            }
        }
        for (int row = 0; row < placeOfRow.count(); row++) {
            Addresses.setInt(placeOfRow.address(), row, -1);
        }
        arrange(arrivals, needs, here);
    }

    private void arrange(Arrivals arrivals, Tensor needs, Assignment here) {
        int[] nextCome = RowGroups.dense(arrivals.came).first();
        int[] nextHanded = RowGroups.dense(in).first();
        int come = nextCome[arrivals.came.length];
        int mine = arrivals.hosts.place(arrivals.rank);
        int arrived = 0;
        for (int from = 0; from < arrivals.own.length; from++) {
            int relay = arrivals.hosts.relay(from, arrivals.rank);
            boolean handed = !arrivals.neighbour(from) && relay != arrivals.rank;
            for (int row = 0; row < arrivals.own[from]; row++) {
                // Between them lie rows that only pass through.
                while (!handed && !HostBits.has(needs, nextCome[from], mine)) {
                    nextCome[from]++;
                }
                place(here, arrived++, handed ? come + nextHanded[relay]++ : nextCome[from]++);
            }
        }
    }

    /** An arrived row lies at {@code place}: each of its slots takes it from there. */
    private void place(Assignment here, int arrived, int place) {
        int slots = here.slots();
        for (int slot = 0; slot < slots; slot++) {
            int row = Addresses.getInt(here.rowOfSlot().address(), (long) arrived * slots + slot);
            if (row >= 0) {
                Addresses.setInt(placeOfRow.address(), row, place);
            }
        }
    }
}
