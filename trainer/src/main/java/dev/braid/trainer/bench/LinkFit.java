package dev.braid.trainer.bench;

import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * The figures of {@link dev.braid.parallelism.CostModel} that send_receive times give: a fixed time a message, by the smallest
 * size, and a time a byte, by what the largest takes longer.
 *
 * @param alphaMicros microseconds a message
 * @param betaNanosPerKilobyte nanoseconds for 1000 bytes
 */
public record LinkFit(double alphaMicros, double betaNanosPerKilobyte) {
    /** Empty when there are no two sizes of send_receive among the results. */
    public static Optional<LinkFit> of(List<CommResult> results) {
        List<CommResult> sends = results.stream()
                .filter(result -> result.point().operation() == CommOperation.SEND_RECEIVE)
                .sorted(Comparator.comparingLong(result -> result.point().bytes()))
                .toList();
        if (sends.isEmpty()
                || sends.getFirst().point().bytes() == sends.getLast().point().bytes()) {
            return Optional.empty();
        }
        CommResult small = sends.getFirst();
        CommResult large = sends.getLast();
        double kilobytes = (large.point().bytes() - small.point().bytes()) / 1e3;
        double beta = Math.max(0, (large.medianMicros() - small.medianMicros()) * 1e3 / kilobytes);
        double alpha = Math.max(0, small.medianMicros() - beta * small.point().bytes() / 1e6);
        return Optional.of(new LinkFit(alpha, beta));
    }

    /** In the units of the cost model's table. */
    public String describe(String transport) {
        return String.format(
                Locale.ROOT,
                "by send_receive, %s costs %.1f us a message and %.1f ns/KB",
                transport,
                alphaMicros,
                betaNanosPerKilobyte);
    }
}
