package dev.braid.trainer.report;

import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * Parts of the step's time that a mixture of experts spends beside its products, from 0 to 1.
 *
 * @param choose choosing experts and weighing them
 * @param sort slots in the order of experts
 * @param gather tokens to their experts, and gradients back there
 * @param sum what a token's experts gave, and their gradients
 */
public record DispatchShare(double choose, double sort, double gather, double sum) {
    /** What the rows of a profile say; nothing where there are no experts. */
    public static Optional<DispatchShare> of(List<ProfileTable.Row> rows, long wallNanos) {
        boolean experts = rows.stream().anyMatch(row -> row.operation().equals("experts.sort"));
        return experts && wallNanos > 0
                ? Optional.of(new DispatchShare(
                        part(rows, "router.choose", wallNanos),
                        part(rows, "experts.sort", wallNanos),
                        part(rows, "experts.gather", wallNanos),
                        part(rows, "experts.sum", wallNanos)))
                : Optional.empty();
    }

    private static double part(List<ProfileTable.Row> rows, String operation, long wallNanos) {
        return rows.stream()
                        .filter(row -> row.operation().equals(operation))
                        .mapToLong(ProfileTable.Row::nanos)
                        .sum()
                / (double) wallNanos;
    }

    /** All of it. */
    public double total() {
        return choose + sort + gather + sum;
    }

    @Override
    public String toString() {
        return String.format(
                Locale.ROOT,
                "dispatch to experts: %.1f %% of the step (choose %.1f, sort %.1f, gather %.1f, sum %.1f)",
                100 * total(),
                100 * choose,
                100 * sort,
                100 * gather,
                100 * sum);
    }
}
