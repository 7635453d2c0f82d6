package dev.braid.trainer.action;

import dev.braid.trainer.bench.CommPlan;
import dev.braid.trainer.report.Format;
import dev.braid.trainer.report.StatusLine;
import java.util.function.LongSupplier;

/** How far a benchmark of collectives has come: {@code all_reduce of 16.8 MB  5 of 25  12s left}. Nothing off a terminal. */
final class CommProgress {
    private final StatusLine status;
    private final int total;
    private final LongSupplier nanoClock;
    private final long startedAt;
    private int done;

    /** @param rounds how often the plan is gone through */
    CommProgress(StatusLine status, CommPlan plan, int rounds, LongSupplier nanoClock) {
        this.status = status;
        this.total = plan.points().size() * rounds;
        this.nanoClock = nanoClock;
        this.startedAt = nanoClock.getAsLong();
    }

    void started(CommPlan.Point point) {
        String size = point.operation().sized() ? " of " + Format.decimalBytes(point.bytes()) : "";
        status.status(point.operation().word() + size + "  " + (done + 1) + " of " + total + left());
    }

    void measured() {
        done++;
    }

    private String left() {
        if (done == 0) {
            return "";
        }
        double seconds = (nanoClock.getAsLong() - startedAt) / 1e9;
        return "  " + Format.duration(seconds / done * (total - done)) + " left";
    }
}
