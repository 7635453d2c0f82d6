package dev.braid.trainer.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RunTextTest {
    private static final RunSummary SUMMARY =
            RunSummary.of("small", "complete", List.of(new RunSummary.Fact("checkpoints", "runs/small/checkpoints")));

    @TempDir
    private Path folder;

    @Test
    void shouldDrawTheCurveInBraille() {
        assertThat(TextPlot.loss(falling(), 10, 3, true)).isEqualTo("""
                               4 ┤⠑⠢⣀
                               2 ┤   ⠉⠒⠤⡀●
                               0 ┤      ⠈⠑⠢⢄
                                 └──────────
                                  step 1   5
                                  ⠒⠒ training loss   ● validation loss
                        """);
    }

    @Test
    void shouldDrawTheCurveInAscii() {
        assertThat(TextPlot.loss(falling(), 10, 3, false)).isEqualTo("""
                               4 |***
                               2 |   ****o
                               0 |      ****
                                 +----------
                                  step 1   5
                                  ** training loss   o validation loss
                        """);
    }

    @Test
    void shouldDrawNothingWhenNoLossIsFinite() {
        RunHistory history = new RunHistory();
        assertThat(TextPlot.loss(history, 10, 3, true)).isEmpty();
        history.add(StepRecord.of(1, Double.NaN, 1, 1, 1, 1));
        assertThat(TextPlot.loss(history, 10, 3, true)).isEmpty();
    }

    @Test
    void shouldDrawAMillionStepsWithNothingOutsideTheCanvas() {
        RunHistory history = new RunHistory();
        for (int step = 1; step <= 1_000_000; step++) {
            history.add(StepRecord.of(step, 3 + 1000.0 / step, 1, 1, 1, step));
        }
        List<String> lines = TextPlot.loss(history, 60, 12, true).lines().toList();
        assertThat(lines)
                .hasSize(15)
                .allSatisfy(line -> assertThat(line.length()).isLessThanOrEqualTo(70));
        assertThat(lines.get(13)).isEqualTo("          step 1                                             1,000,000");
    }

    @Test
    void shouldListTheFinalFiguresAndWhereThingsAre() {
        RunHistory history = new RunHistory();
        history.add(StepRecord.of(1, 8, 1, 1, 900, 512).withValLoss(7.5));
        history.add(StepRecord.of(2, 7, 1, 1, 1000, 1024));
        history.add(StepRecord.of(3, 6.5, 1, 1, 1200, 1536)
                .withValLoss(7.75)
                .withFlops(3e11, OptionalDouble.of(0.4))
                .withPeakMemory(1 << 20)
                .withSkips(false, 1)
                .withEpoch(2)
                .withSeconds(72)
                .withAttempt(2));
        String text = RunText.render(SUMMARY, history, new Display(false, 100, false, true));
        assertThat(text.substring(text.indexOf("small"))).isEqualTo("""
                        small: complete
                          training loss    6.5000
                          validation loss  7.7500 (best 7.5000)
                          steps            3
                          tokens           1.54k
                          time             1m12s
                          tokens/s         1.00k (median)
                          matmul peak      40% (median)
                          peak memory      1.0 MiB
                          epoch            2
                          skipped steps    1 (gradient not finite)
                          resumed          once
                          checkpoints      runs/small/checkpoints
                        """);
    }

    @Test
    void shouldListTheMedianOfTheWaitsByAxis() {
        RunHistory history = new RunHistory();
        history.add(waiting(1, 0.5, 0.25));
        history.add(waiting(2, 0.125, 0.0625));
        history.add(waiting(3, 0.25, 0.125));
        history.add(StepRecord.of(4, 8, 1, 1, 900, 512));
        assertThat(RunText.render(SUMMARY, history, new Display(false, 100, false, true)))
                .contains("\n  waiting for ranks  38% (median; shard 25%, world 13%)\n");
    }

    /** A step of two seconds. */
    private static StepRecord waiting(int step, double shard, double world) {
        return StepRecord.of(step, 8, 1, 1, 900, 512)
                .withWaits(Waits.of(2, Map.of("shard", 2 * shard, "world", 2 * world)));
    }

    @Test
    void shouldSayLittleOfARunWithoutSteps() {
        assertThat(RunText.render(SUMMARY, new RunHistory(), new Display(false, 100, false, true)))
                .isEqualTo("small: complete\n  checkpoints  runs/small/checkpoints\n");
    }

    @Test
    void shouldReadTheHistoryFromMetrics() throws IOException {
        Path file = folder.resolve("metrics.jsonl");
        Files.writeString(
                file,
                StepRecord.of(1, 8, 1, 1, 900, 512).toJson() + "\n"
                        + StepRecord.of(2, 7, 1, 1, 900, 512).withAttempt(2).toJson() + "\n{\"st");
        RunHistory history = RunHistory.read(file);
        assertThat(history.last())
                .hasValueSatisfying(last -> assertThat(last.step()).isEqualTo(2));
        assertThat(history.resumes().step(0)).isEqualTo(2);
        assertThat(history.lastValLoss()).isNaN();
        assertThat(history.bestValLoss()).isNaN();
        assertThat(history.medianPeakShare()).isNaN();
    }

    private static RunHistory falling() {
        RunHistory history = new RunHistory();
        for (int step = 1; step <= 5; step++) {
            StepRecord record = StepRecord.of(step, 5 - step, 1, 1, 1, 1);
            history.add(step == 4 ? record.withValLoss(1.5) : record);
        }
        return history;
    }
}
