package dev.braid.trainer.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class ProfileTableTest {
    @Test
    void shouldAlignRowsWithTheLongestFirst() {
        List<ProfileTable.Row> rows = List.of(
                new ProfileTable.Row("rms-norm", 24, 10_000_000, 0),
                new ProfileTable.Row("linear forward", 1234, 60_000_000, 1.2e10));
        assertThat(ProfileTable.render(rows, 100_000_000)).isEqualTo("""
                        operation       calls      time   share  GFLOP/s
                        linear forward  1,234   60.0 ms   60.0%    200.0
                        rms-norm           24   10.0 ms   10.0%
                        (other)                 30.0 ms   30.0%
                        total                  100.0 ms  100.0%    120.0
                        """);
    }

    @Test
    void shouldLeaveOutTheRestWhenOperationsFillOrExceedTheTime() {
        List<ProfileTable.Row> rows = List.of(new ProfileTable.Row("attention", 1, 2_000_000, 0));
        assertThat(ProfileTable.render(rows, 1_000_000)).isEqualTo("""
                        operation  calls    time   share  GFLOP/s
                        attention      1  2.0 ms  200.0%
                        total             1.0 ms  100.0%
                        """);
    }

    @Test
    void shouldRenderNothingMeasured() {
        assertThat(ProfileTable.render(List.of(), 0)).isEqualTo("""
                        operation  calls    time  share  GFLOP/s
                        total             0.0 ms
                        """);
    }
}
