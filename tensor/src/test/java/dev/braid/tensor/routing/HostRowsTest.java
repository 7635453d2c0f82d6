package dev.braid.tensor.routing;

import static org.assertj.core.api.Assertions.assertThat;

import dev.braid.tensor.Category;
import dev.braid.tensor.Compute;
import dev.braid.tensor.DType;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.parameters.ExpertHosts;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Four ranks with an expert each, the first two on one host, the others on another. */
class HostRowsTest {
    private static final ExpertHosts HOSTS = ExpertHosts.of(List.of("a", "a", "b", "b"));

    private final Compute compute = new Compute(1, "vector", "test");

    @AfterEach
    void close() {
        compute.close();
    }

    private Tensor allocate(DType dtype, Shape shape) {
        return compute.memory().allocate(Category.ACTIVATIONS, dtype, shape);
    }

    private Tensor tensor(int columns, int... values) {
        Tensor tensor = allocate(DType.I32, Shape.of(values.length / columns, columns));
        tensor.setInts(values);
        return tensor;
    }

    private HostRows rows(int rank, ExpertHosts hosts, int experts, int... selected) {
        ExpertRoutes routes = ExpertRoutes.of(compute, tensor(2, selected), experts, hosts.ranks(), 0, this::allocate);
        return HostRows.of(compute, routes, hosts, rank, this::allocate);
    }

    private static int[] ints(Tensor tensor) {
        return IntStream.range(0, Math.toIntExact(tensor.count()))
                .map(tensor::getInt)
                .toArray();
    }

    /** Token 0 has both experts of the other host, token 1 one of them and one here, token 2 both here. */
    @Test
    void shouldMergeRowsForTheRanksOfAnotherHost() {
        HostRows rows = rows(0, HOSTS, 4, 2, 3, 1, 3, 0, 1);
        assertThat(rows.rows()).containsExactly(1, 2, 2, 0);
        assertThat(ints(rows.tokenOfRow())).containsExactly(2, 1, 2, 0, 1);
        assertThat(ints(rows.needs())).containsExactly(0b01, 0b10, 0b10, 0b11, 0b10);
    }

    @Test
    void shouldSendThroughTheCounterpart() {
        assertThat(rows(1, HOSTS, 4, 2, 3, 1, 3, 0, 1).rows()).containsExactly(1, 2, 0, 2);
    }

    /** Rank 33 of 34 on the other host is the second bit of the second number. */
    @Test
    void shouldTellMoreRanksThanANumberHasBits() {
        List<Integer> hosts =
                IntStream.range(0, 35).map(rank -> rank == 0 ? 0 : 1).boxed().toList();
        HostRows rows = rows(0, ExpertHosts.of(hosts), 35, 1, 34);
        assertThat(ints(rows.tokenOfRow())).containsExactly(0);
        assertThat(ints(rows.needs())).containsExactly(0b1, 0b10);
    }

    /**
     * Rank 2 has got a row from its neighbour, one of rank 0 for both ranks of the host and two of rank 0 for one of them each; what rank 1
     * sends comes through rank 3.
     */
    @Test
    void shouldHandOnWhatNeighboursNeedAndFindItsOwn() {
        int[] came = {3, 0, 0, 1};
        int[] own = {2, 1, 0, 1};
        // The order of experts: rows of ranks 0, 0, 1 and 3.
        Assignment here = Assignment.of(compute, tensor(1, 0, 0, 0, 0), 1, 4, this::allocate);
        HandedRows handed = HandedRows.of(
                compute,
                new HandedRows.Arrivals(HOSTS, 2, came, own),
                tensor(1, 0b11, 0b10, 0b01, 0b01),
                here,
                this::allocate);
        assertThat(handed.out()).containsExactly(0, 0, 0, 2);
        assertThat(ints(handed.places())).containsExactly(0, 1);
        assertThat(handed.in()).containsExactly(0, 0, 0, 1);
        // Four have come by themselves, so the one that is handed on is the fifth; the rest fills up.
        assertThat(ints(handed.placeOfRow())).startsWith(0, 2, 4, 3, -1).hasSize(RowGroups.ALIGNMENT);
    }
}
