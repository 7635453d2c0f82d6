package dev.braid.tensor.routing;

import dev.braid.tensor.Compute;
import dev.braid.tensor.DType;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.kernels.Addresses;
import dev.braid.tensor.parameters.ExpertHosts;
import java.util.Arrays;
import java.util.List;
import java.util.function.BiFunction;

/**
 * Which rows of this rank's tokens go out where ranks of one host hand on to each other: one to each rank of this host that has an
 * expert of the token, and one to each other host that has any.
 *
 * @param tokenOfRow I32 [m]: the token in each row that goes out, those for rank 0 first, for each rank in the order of tokens
 * @param needs I32 [m, W]: for whom a row is, a bit for each place on the host that it goes to, the lowest of the first number first
 * @param rows that go to each rank
 */
public record HostRows(Tensor tokenOfRow, Tensor needs, int[] rows) {
    /** Takes a row for a place on its host. */
    private interface Row {
        void take(int row, int token, int place);
    }

    /**
     * Finds them.
     *
     * @param routes of this rank to every other
     * @param rank this one
     * @param allocate makes the tensors
     */
    public static HostRows of(
            Compute compute,
            ExpertRoutes routes,
            ExpertHosts hosts,
            int rank,
            BiFunction<DType, Shape, Tensor> allocate) {
        boolean rehearsing = compute.workers().rehearsing();
        int[] rows = new int[hosts.ranks()];
        for (int to = 0; to < rows.length; to++) {
            List<Integer> served = hosts.served(rank, to);
            rows[to] = rehearsing ? most(routes, served) : merge(routes, hosts, served, (row, token, place) -> {});
        }
        int total = Arrays.stream(rows).sum();
        HostRows made = new HostRows(
                allocate.apply(DType.I32, Shape.of(total)),
                allocate.apply(DType.I32, Shape.of(total, HostBits.words(hosts))),
                rows);
        if (!rehearsing) {
            compute.profile().time("experts.sort", 0, () -> made.fill(routes, hosts, rank));
        }
        return made;
    }

    /** Rows for some ranks together when no token has two experts there, as far as there are tokens. */
    private static int most(ExpertRoutes routes, List<Integer> ranks) {
        int rows = ranks.stream().mapToInt(rank -> routes.rows()[rank]).sum();
        return Math.min(rows, routes.returns().tokens());
    }

    private void fill(ExpertRoutes routes, ExpertHosts hosts, int rank) {
        needs.zero();
        int[] first = RowGroups.dense(rows).first();
        for (int to = 0; to < rows.length; to++) {
            int from = first[to];
            merge(routes, hosts, hosts.served(rank, to), (row, token, place) -> {
                Addresses.setInt(tokenOfRow.address(), from + row, token);
                HostBits.set(needs, from + row, place);
            });
        }
    }

    /** Merges the rows for {@code ranks}, each in the order of tokens; returns how many different tokens they are. */
    private static int merge(ExpertRoutes routes, ExpertHosts hosts, List<Integer> ranks, Row target) {
        int[] first = RowGroups.dense(routes.rows()).first();
        int[] next = ranks.stream().mapToInt(rank -> first[rank]).toArray();
        int[] end = ranks.stream().mapToInt(rank -> first[rank + 1]).toArray();
        int[] places = ranks.stream().mapToInt(hosts::place).toArray();
        long tokens = routes.tokenOfRow().address();
        int rows = 0;
        for (int token = least(tokens, next, end); token < Integer.MAX_VALUE; token = least(tokens, next, end)) {
            for (int i = 0; i < next.length; i++) {
                if (next[i] < end[i] && Addresses.getInt(tokens, next[i]) == token) {
                    next[i]++;
                    target.take(rows, token, places[i]);
                }
            }
            rows++;
        }
        return rows;
    }

    private static int least(long tokens, int[] next, int[] end) {
        int least = Integer.MAX_VALUE;
        for (int i = 0; i < next.length; i++) {
            if (next[i] < end[i]) {
                least = Math.min(least, Addresses.getInt(tokens, next[i]));
            }
        }
        return least;
    }
}
