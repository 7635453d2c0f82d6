package dev.braid.trainer.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.braid.parallelism.Algorithm;
import dev.braid.tensor.DType;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.assertj.core.api.SoftAssertions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Against gloo on this host, one program after the other, three times: {@code ./braid test --long gloo}. */
@Tag("long")
class GlooComparisonTest {
    private static final int ROUNDS = 3;
    private static final long SMALL = 4 << 10;
    private static final long LARGE = 16 << 20;
    private static final CommPlan PLAN = CommPlan.of(
            List.of(CommOperation.ALL_REDUCE, CommOperation.ALL_GATHER, CommOperation.REDUCE_SCATTER),
            List.of(4L << 10, 64L << 10, 1L << 20, 16L << 20, 64L << 20),
            DType.F32,
            true,
            0);

    /** Microseconds of each round. */
    private final Map<CommPlan.Point, List<Double>> braid = new HashMap<>();

    private final Map<CommPlan.Point, List<Double>> gloo = new HashMap<>();

    @ParameterizedTest
    @ValueSource(ints = {2, 4})
    void shouldBeFasterThanGloo(int ranks) throws IOException, InterruptedException {
        Optional<GlooBench> peer = GlooBench.find(System.getenv());
        assumeThat(peer)
                .as("skipped: set BRAID_PEERS to the folder of gloo_bench.py and BRAID_PEERS_PYTHON to a Python with"
                        + " PyTorch")
                .isPresent();
        for (int round = 0; round < ROUNDS; round++) {
            peer.orElseThrow().run(ranks).forEach(row -> add(gloo, row.point(), row.micros()));
            CommBenchmark.run(ranks, true, "auto", Algorithm.AUTO, PLAN, new CommListener() {
                @Override
                public void started(CommPlan.Point point) {}

                @Override
                public void measured(CommResult result) {
                    add(braid, result.point(), result.medianMicros());
                }
            });
        }
        print(ranks);
        check(ranks);
    }

    private static void add(Map<CommPlan.Point, List<Double>> times, CommPlan.Point point, double micros) {
        times.computeIfAbsent(point, key -> new ArrayList<>()).add(micros);
    }

    private void print(int ranks) {
        Map<Long, Double> copies = CommBenchmark.copyRates(PLAN.sizes());
        System.out.printf(
                Locale.ROOT, "%d processes, medians of %d rounds, one program after the other%n", ranks, ROUNDS);
        System.out.println("operation               bytes    gloo us   braid us   braid GB/s   of copy   gloo/braid");
        for (CommPlan.Point point : PLAN.points()) {
            double micros = median(braid.get(point));
            double bandwidth = new CommResult(point, micros, micros, ROUNDS).busBandwidth(ranks);
            System.out.printf(
                    Locale.ROOT,
                    "%-15s %13d %10.0f %10.1f %12.2f %8.0f%% %12.2f%n",
                    point.operation().word(),
                    point.bytes(),
                    median(gloo.get(point)),
                    micros,
                    bandwidth,
                    100 * bandwidth / copies.get(point.bytes()),
                    ratio(point));
        }
    }

    /** The goals of large messages, and that of the smallest all-reduce. */
    private void check(int ranks) {
        assertThat(gloo.keySet()).containsAll(PLAN.points());
        SoftAssertions goals = new SoftAssertions();
        PLAN.points().stream()
                .filter(point -> point.bytes() >= LARGE)
                .sorted(Comparator.comparing(CommPlan.Point::operation))
                .forEach(point -> goals.assertThat(ratio(point))
                        .as("%s over %d ranks", point, ranks)
                        .isGreaterThanOrEqualTo(ranks == 2 ? 3 : 2.5));
        if (ranks == 2) {
            goals.assertThat(ratio(new CommPlan.Point(CommOperation.ALL_REDUCE, SMALL)))
                    .as("all_reduce of 4 KiB over 2 ranks")
                    .isGreaterThanOrEqualTo(10);
        }
        goals.assertAll();
    }

    private double ratio(CommPlan.Point point) {
        return median(gloo.get(point)) / median(braid.get(point));
    }

    private static double median(List<Double> values) {
        return CommResult.median(
                values.stream().mapToDouble(Double::doubleValue).toArray());
    }
}
