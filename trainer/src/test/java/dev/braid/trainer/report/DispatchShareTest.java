package dev.braid.trainer.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.junit.jupiter.api.Test;

class DispatchShareTest {
    private static ProfileTable.Row row(String operation, long nanos) {
        return new ProfileTable.Row(operation, 1, nanos, 0);
    }

    @Test
    void shouldAddUpWhatIsNeitherProductNorActivation() {
        List<ProfileTable.Row> rows = List.of(
                row("experts.forward", 500),
                row("router.choose", 10),
                row("experts.sort", 1),
                row("experts.gather", 4),
                row("experts.sum", 15));
        DispatchShare share = DispatchShare.of(rows, 1_000).orElseThrow();
        assertThat(share.total()).isCloseTo(0.03, within(1e-12));
        assertThat(share)
                .hasToString("dispatch to experts: 3.0 % of the step (choose 1.0, sort 0.1, gather 0.4, sum 1.5)");
    }

    @Test
    void shouldSayNothingWhereThereAreNoExperts() {
        assertThat(DispatchShare.of(List.of(row("linear.forward", 5)), 10)).isEmpty();
        assertThat(DispatchShare.of(List.of(), 0)).isEmpty();
    }
}
