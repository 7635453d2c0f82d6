package dev.braid.trainer.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class LinkFitTest {
    private static CommResult result(CommOperation operation, long bytes, double micros) {
        return new CommResult(new CommPlan.Point(operation, bytes), micros, micros, 10);
    }

    /** 5 us a message and 0.3 ns a byte. */
    @Test
    void shouldTakeTheFixedTimeFromTheSmallestAndTheTimeAByteFromTheLargest() {
        List<CommResult> results = List.of(
                result(CommOperation.ALL_REDUCE, 10_000, 77),
                result(CommOperation.SEND_RECEIVE, 1_010_000, 308),
                result(CommOperation.SEND_RECEIVE, 10_000, 8),
                result(CommOperation.SEND_RECEIVE, 100_000, 1000));
        LinkFit fit = LinkFit.of(results).orElseThrow();
        assertThat(fit.betaNanosPerKilobyte()).isEqualTo(300);
        assertThat(fit.alphaMicros()).isEqualTo(5);
        assertThat(fit.describe("ipc")).isEqualTo("by send_receive, ipc costs 5.0 us a message and 300.0 ns/KB");
    }

    @Test
    void shouldSayNothingWithoutTwoSizes() {
        assertThat(LinkFit.of(List.of(
                        result(CommOperation.SEND_RECEIVE, 10, 8),
                        result(CommOperation.SEND_RECEIVE, 10, 9),
                        result(CommOperation.BROADCAST, 20, 9))))
                .isEmpty();
    }
}
