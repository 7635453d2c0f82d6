package dev.braid.trainer.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.braid.tensor.DType;
import java.util.List;
import java.util.Map;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CommResultTest {
    private static final CommPlan PLAN =
            CommPlan.of(List.of(CommOperation.values()), List.of(16_777_216L), DType.F32, true, 0);

    private static final CommText TEXT = new CommText(4, true, "ipc", "auto", PLAN, Map.of(16_777_216L, 10.0));

    private static CommResult result(CommOperation operation, double micros) {
        long bytes = operation.sized() ? 16_777_216L : 0;
        return new CommResult(new CommPlan.Point(operation, bytes), micros, 2 * micros, 10);
    }

    /** 16 MiB in 10 ms is 1.678 GB/s, times the factors of nccl-tests for 4 ranks. */
    @ParameterizedTest
    @CsvSource({
        "ALL_REDUCE, 2.516582",
        "ALL_GATHER, 1.258291",
        "REDUCE_SCATTER, 1.258291",
        "ALL_TO_ALL, 1.258291",
        "BROADCAST, 1.677722",
        "SEND_RECEIVE, 1.677722",
        "BARRIER, 0"
    })
    void shouldCountBytesOnTheBusAsNcclTestsDoes(CommOperation operation, double bandwidth) {
        assertThat(result(operation, 10_000).busBandwidth(4)).isCloseTo(bandwidth, Offset.offset(1e-6));
    }

    @Test
    void shouldTakeTheUpperMedianAsGlooBenchDoes() {
        assertThat(CommResult.median(new double[] {4, 1, 3, 2})).isEqualTo(3);
        assertThat(CommResult.median(new double[] {9, 1, 5})).isEqualTo(5);
    }

    @Test
    void shouldPrintOneJsonObjectALineWithTheSixPromisedKeysFirst() {
        assertThat(TEXT.json(result(CommOperation.ALL_REDUCE, 10_000)))
                .isEqualTo(
                        "{\"op\":\"all_reduce\",\"bytes\":16777216,\"ranks\":4,\"transport\":\"ipc\","
                                + "\"median_us\":10000.0,\"busbw_gbps\":2.5166,\"slowest_us\":20000.0,\"algorithm\":\"auto\","
                                + "\"dtype\":\"f32\",\"memory\":\"shared\",\"processes\":true,\"repeats\":10,\"copy_gbps\":10.0}");
        assertThat(TEXT.json(result(CommOperation.BARRIER, 12.3456)))
                .startsWith("{\"op\":\"barrier\",\"bytes\":0,\"ranks\":4,\"transport\":\"ipc\",\"median_us\":12.346,"
                        + "\"busbw_gbps\":0.0,");
    }

    @Test
    void shouldPrintAnAlignedTableWithTheShareOfAMemoryCopy() {
        assertThat(String.join(
                        "\n",
                        CommText.header(),
                        TEXT.row(result(CommOperation.ALL_REDUCE, 10_000)),
                        TEXT.row(result(CommOperation.ALL_GATHER, 1_000_000)),
                        TEXT.row(result(CommOperation.BARRIER, 12.3456)),
                        CommText.copyLine(Map.of(16_777_216L, 10.0, 4096L, 51.23))))
                .isEqualTo("""
                        operation               bytes  transport     median us   slowest us   bus GB/s  of copy
                        all_reduce         16,777,216  ipc              10,000       20,000       2.52      25%
                        all_gather         16,777,216  ipc           1,000,000    2,000,000     0.0126     0.1%
                        barrier                     -  ipc                12.3         24.7          -        -
                        memory copy of the same bytes by one thread: 4,096 bytes 51.2 GB/s, 16,777,216 bytes 10.0 GB/s""");
    }

    @Test
    void shouldMeasureSmallTensorsMoreOften() {
        assertThat(PLAN.repeats(65_536)).isEqualTo(50);
        assertThat(PLAN.repeats(65_540)).isEqualTo(10);
        assertThat(CommPlan.of(List.of(), List.of(), DType.F32, true, 7).repeats(4))
                .isEqualTo(7);
    }

    @Test
    void shouldMeasureABarrierOnce() {
        CommPlan plan = CommPlan.of(
                List.of(CommOperation.BROADCAST, CommOperation.BARRIER), List.of(4L, 8L), DType.F32, true, 0);
        assertThat(plan.points())
                .containsExactly(
                        new CommPlan.Point(CommOperation.BROADCAST, 4),
                        new CommPlan.Point(CommOperation.BROADCAST, 8),
                        new CommPlan.Point(CommOperation.BARRIER, 0));
    }

    @Test
    void shouldRefuseASizeThatIsNoWholeNumberOfElements() {
        assertThatThrownBy(() -> CommPlan.of(List.of(), List.of(6L), DType.F32, true, 0))
                .hasMessage("6 bytes are no whole number of F32 elements, of 4 bytes each");
        assertThatThrownBy(() -> CommPlan.of(List.of(), List.of(0L), DType.BF16, true, 0))
                .hasMessage("0 bytes are no whole number of BF16 elements, of 2 bytes each");
    }

    @Test
    void shouldMeasureAMemoryCopyForEachSize() {
        assertThat(MemoryCopy.measure(List.of(4096L, 2L)))
                .containsOnlyKeys(2L, 4096L)
                .allSatisfy((bytes, rate) -> assertThat(rate).isPositive());
    }
}
