package dev.braid.trainer.action;

import static org.assertj.core.api.Assertions.assertThat;

import dev.braid.tensor.DType;
import dev.braid.trainer.bench.CommOperation;
import dev.braid.trainer.bench.CommPlan;
import dev.braid.trainer.report.Display;
import dev.braid.trainer.report.StatusLine;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class CommProgressTest {
    private static final CommPlan PLAN = CommPlan.of(
            List.of(CommOperation.ALL_REDUCE, CommOperation.BARRIER), List.of(1_000_000L), DType.F32, true, 0);

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final AtomicLong nanos = new AtomicLong();

    private CommProgress progress(boolean terminal) {
        PrintStream stream = new PrintStream(out, true, StandardCharsets.UTF_8);
        return new CommProgress(new StatusLine(stream, new Display(terminal, 80, false, true)), PLAN, 2, nanos::get);
    }

    @Test
    void shouldShowHowFarItIsAndHowLongItTakesByWhatIsDone() {
        CommProgress progress = progress(true);
        progress.started(PLAN.points().get(0));
        assertThat(out.toString(StandardCharsets.UTF_8)).contains("all_reduce of 1.0 MB  1 of 4\033");
        nanos.set(3_000_000_000L);
        progress.measured();
        progress.started(PLAN.points().get(1));
        assertThat(out.toString(StandardCharsets.UTF_8)).contains("barrier  2 of 4  9.0s left\033");
    }

    @Test
    void shouldPrintNothingWhereThereIsNoTerminal() {
        progress(false).started(PLAN.points().get(0));
        assertThat(out.size()).isZero();
    }
}
