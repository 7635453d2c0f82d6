package dev.braid.trainer.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

class ProgressTest {
    private final Output output = new Output();
    private long nanos = 5;

    @Test
    void shouldShowEveryFigureOnAPlainLine() {
        TrainingProgress progress = plain(300);
        for (int step = 117; step <= 120; step++) {
            output.take();
            progress.step(record(step));
        }
        assertThat(output.take())
                .isEqualTo(
                        "step 120/300  loss 3.142  lr 3.0e-3  grad 0.91  12.3k tok/s  310 GFLOP/s (41% of peak)  2.1 GiB"
                                + "  epoch 1  1m12s left\n");
    }

    @Test
    void shouldShowWhichPartOfAStepWasWaitingForOtherRanks() {
        TrainingProgress progress = plain(300);
        progress.step(StepRecord.of(1, 8.5, 2, 0, 900, 64)
                .withWaits(Waits.of(0.5, Map.of("shard", 0.045, "tensor", 0.01, "world", 0.005))));
        assertThat(output.take())
                .isEqualTo("step 1/300  loss 8.500  lr 0  grad 2.00  900 tok/s  wait 12% (shard 9.0%)  epoch 1\n");
        progress.step(StepRecord.of(2, 8.5, 2, 0, 900, 128).withWaits(Waits.of(0.5, Map.of("tensor", 0.1))));
        assertThat(output.take())
                .isEqualTo("step 2/300  loss 8.500  lr 0  grad 2.00  900 tok/s  wait 20% (tensor)  epoch 1\n");
    }

    @Test
    void shouldShowOnlyWhatIsKnown() {
        plain(10).step(StepRecord.of(1, 8.5, 2, 0, 900, 64));
        assertThat(output.take()).isEqualTo("step 1/10  loss 8.500  lr 0  grad 2.00  900 tok/s  epoch 1\n");
    }

    @Test
    void shouldWritePlainLinesForTheFirstStepsThenEveryTenSecondsAndAtTheEnd() {
        TrainingProgress progress = plain(40);
        StringBuilder shown = new StringBuilder();
        for (int step = 1; step <= 40; step++) {
            nanos += 1_000_000_000L;
            progress.step(record(step));
            shown.append(output.take().isEmpty() ? "" : step + " ");
        }
        assertThat(shown).hasToString("1 2 3 4 5 15 25 35 40 ");
    }

    @Test
    void shouldWriteAPlainLineAtEachValidation() {
        TrainingProgress progress = plain(1000);
        for (int step = 1; step <= 6; step++) {
            progress.step(record(step));
        }
        output.take();
        progress.step(record(7).withValLoss(3.25));
        assertThat(output.take()).startsWith("step 7/1000  loss 3.142  val 3.250  lr ");
        progress.step(record(8));
        assertThat(output.take()).isEmpty();
    }

    @Test
    void shouldEstimateTheTimeLeftByTheMedianWithoutTheFirstSteps() {
        StepTimes times = new StepTimes();
        double[] ends = {30, 50, 60, 61, 63, 163};
        for (double end : ends) {
            assertThat(times.median().isPresent()).isEqualTo(end > 61);
            times.ended(end);
        }
        assertThat(times.median()).hasValue(2);
        for (int step = 0; step < 50; step++) {
            times.ended(163 + 4 * (step + 1));
        }
        assertThat(times.median()).hasValue(4);
    }

    @Test
    void shouldTellAndCountSkippedSteps() {
        TrainingProgress progress = plain(300);
        progress.step(StepRecord.of(17, 3, Double.NaN, 1e-3, 900, 64).withSkips(true, 1));
        assertThat(output.take())
                .startsWith(
                        "step 17/300 skipped: its gradient norm is NaN, so the weights stay as they are (1 skipped so far)\n")
                .endsWith("epoch 1  1 skipped\n");
        progress.step(StepRecord.of(18, Double.POSITIVE_INFINITY, Double.NaN, 1e-3, 900, 64)
                .withSkips(true, 2));
        assertThat(output.take()).startsWith("step 18/300 skipped: its loss is inf, so the");
    }

    @Test
    void shouldTellOnlyTheFirstSkipsAndEveryHundredthWhenThereAreMany() {
        TrainingProgress progress = plain(1000);
        StringBuilder told = new StringBuilder();
        for (int step = 1; step <= 205; step++) {
            progress.step(StepRecord.of(step, 3, Double.NaN, 1e-3, 900, 64).withSkips(true, step));
            told.append(output.take().contains("skipped: ") ? step + " " : "");
        }
        assertThat(told).hasToString("1 2 3 4 5 100 200 ");
    }

    @Test
    void shouldSayThatANewEpochBegins() {
        TrainingProgress progress = plain(300);
        progress.step(record(1));
        output.take();
        progress.step(record(2).withEpoch(2));
        assertThat(output.take())
                .startsWith(
                        "epoch 2 begins: all training data has been read, it comes again in a new order\nstep 2/300 ");
        progress.step(record(3).withEpoch(2));
        assertThat(output.take()).startsWith("step 3/300 ");
    }

    @Test
    void shouldRewriteOneLineOnATerminal() {
        TrainingProgress progress = terminal(300, 160, false);
        progress.step(record(150));
        assertThat(output.take())
                .isEqualTo("\033[?7l\r█████████████░░░░░░░░░░░░░  step 150/300  loss 3.142  lr 3.0e-3  grad 0.91"
                        + "  12.3k tok/s  310 GFLOP/s (41% of peak)  2.1 GiB  epoch 1\033[K\033[?7h");
    }

    @Test
    void shouldLeaveOutTheLessImportantWhenTheTerminalIsNarrow() {
        terminal(300, 80, false).step(record(150));
        assertThat(status()).isEqualTo("██████░░░░░░░  step 150/300  loss 3.142  lr 3.0e-3  grad 0.91  12.3k tok/s");
        terminal(300, 40, false).step(record(150));
        assertThat(status()).isEqualTo("█████░░░░░  step 150/300  loss 3.142");
        terminal(300, 20, false).step(record(150));
        assertThat(status()).isEqualTo("step 150/300");
    }

    @Test
    void shouldNeverWriteWiderThanTheTerminal() {
        for (int width = 20; width < 200; width++) {
            terminal(300, width, false).step(record(150).withSkips(false, 3));
            assertThat(status().length()).isLessThan(width);
        }
    }

    @Test
    void shouldWriteMessagesAboveTheLineOnATerminal() {
        TrainingProgress progress = terminal(300, 40, false);
        progress.message("training starts");
        assertThat(output.take()).isEqualTo("training starts\n");
        progress.step(record(150));
        output.take();
        progress.message("saved step-150");
        assertThat(output.take())
                .isEqualTo("\r\033[Ksaved step-150\n\033[?7l\r█████░░░░░  step 150/300  loss 3.142\033[K\033[?7h");
    }

    @Test
    void shouldWriteValidationOnItsOwnLineOnATerminal() {
        TrainingProgress progress = terminal(300, 40, false);
        progress.step(record(150).withValLoss(3.25));
        assertThat(output.take()).startsWith("step 150/300  validation loss 3.250\n");
    }

    @Test
    void shouldRedrawAtMostEveryFiftyMillisecondsAndAlwaysTheLastStep() {
        TrainingProgress progress = terminal(300, 40, false);
        progress.step(record(1));
        assertThat(output.take()).isNotEmpty();
        nanos += 49_000_000L;
        progress.step(record(2));
        assertThat(output.take()).isEmpty();
        nanos += 1_000_000L;
        progress.step(record(3));
        assertThat(output.take()).isNotEmpty();
        progress.step(record(300));
        assertThat(output.take()).contains("step 300/300");
    }

    @Test
    void shouldColourTheBarWhenColourIsWanted() {
        terminal(300, 40, true).step(record(150));
        assertThat(status()).startsWith("\033[36m█████\033[2m░░░░░\033[0m  step 150/300");
    }

    @Test
    void shouldUseAsciiWhereTheCharsetHasNoBlocks() {
        PrintStream ascii = new PrintStream(new ByteArrayOutputStream(), false, StandardCharsets.US_ASCII);
        Display display = Display.of(ascii, true, Map.of("TERM", "xterm"), 40);
        assertThat(display.unicode()).isFalse();
        new TrainingProgress(new StatusLine(output.stream(), display), 300, 1, () -> nanos).step(record(150));
        assertThat(output.take()).contains("#####\033[2m.....");
    }

    @Test
    void shouldLeaveTheLastLineToBeReadWhenClosed() {
        StatusLine line = new StatusLine(output.stream(), new Display(true, 40, false, true));
        line.close();
        assertThat(output.take()).isEmpty();
        line.status("50%");
        output.take();
        line.close();
        line.close();
        assertThat(output.take()).isEqualTo("\n");
    }

    @Test
    void shouldJudgeTheDisplayByTheEnvironment() {
        PrintStream out = output.stream();
        assertThat(Display.of(out, true, Map.of("TERM", "xterm"), 132)).isEqualTo(new Display(true, 132, true, true));
        assertThat(Display.of(out, true, Map.of("TERM", "xterm", "NO_COLOR", "1", "COLUMNS", "90"), 132))
                .isEqualTo(new Display(true, 90, false, true));
        assertThat(Display.of(out, true, Map.of("TERM", "xterm", "COLUMNS", "wide"), 0)
                        .width())
                .isEqualTo(100);
        assertThat(Display.of(out, true, Map.of("TERM", "dumb"), 132)).isEqualTo(Display.plain(out));
        assertThat(Display.of(out, true, Map.of(), 132)).isEqualTo(Display.plain(out));
        assertThat(Display.of(out, false, Map.of("TERM", "xterm"), 132)).isEqualTo(Display.plain(out));
        assertThatThrownBy(() -> new Display(true, 19, true, true)).hasMessage("width is 19, allowed is at least 20");
    }

    @Test
    void shouldShowDataPreparationAsPlainLines() {
        WorkProgress progress = work(new Display(false, 100, false, true));
        nanos += 9_000_000_000L;
        progress.update(5, 5, OptionalLong.of(9));
        assertThat(output.take()).isEmpty();
        nanos += 1_000_000_000L;
        progress.update(12345, 45_000_000, OptionalLong.of(213_000_000));
        assertThat(output.take())
                .isEqualTo("tokenizing  12.3k documents  45.0 MB of 213 MB (21%)  4.5 MB/s  37s left\n");
        progress.update(12346, 46_000_000, OptionalLong.of(213_000_000));
        assertThat(output.take()).isEmpty();
        nanos += 10_000_000_000L;
        progress.update(20000, 90_000_000, OptionalLong.empty());
        assertThat(output.take()).isEqualTo("tokenizing  20.0k documents  90.0 MB  4.5 MB/s\n");
        nanos += 30_000_000_000L;
        progress.done(50000, 213_000_000);
        assertThat(output.take()).isEqualTo("tokenizing: 50.0k documents, 213 MB in 50s (4.3 MB/s)\n");
    }

    @Test
    void shouldShowDataPreparationInPlaceOnATerminal() {
        WorkProgress progress = work(new Display(true, 60, false, true));
        nanos += 10_000_000_000L;
        progress.update(12345, 106_500_000, OptionalLong.of(213_000_000));
        assertThat(status()).isEqualTo("█████░░░░░  tokenizing  107 MB of 213 MB (50%)");
        progress.done(50000, 213_000_000);
        assertThat(output.take()).isEqualTo("\r\033[Ktokenizing: 50.0k documents, 213 MB in 10s (21.3 MB/s)\n");
    }

    private TrainingProgress plain(long steps) {
        return new TrainingProgress(
                new StatusLine(output.stream(), Display.plain(output.stream())), steps, 1, () -> nanos);
    }

    private TrainingProgress terminal(long steps, int width, boolean color) {
        Display display = new Display(true, width, color, true);
        return new TrainingProgress(new StatusLine(output.stream(), display), steps, 1, () -> nanos);
    }

    private WorkProgress work(Display display) {
        return new WorkProgress(new StatusLine(output.stream(), display), "tokenizing", "documents", () -> nanos);
    }

    /** The line in place, without the escape sequences around it. */
    private String status() {
        String text = output.take();
        assertThat(text).startsWith("\033[?7l\r").endsWith("\033[K\033[?7h");
        return text.substring(6, text.length() - 8);
    }

    private static StepRecord record(int step) {
        return StepRecord.of(step, 3.14159, 0.91, 3.0e-3, 12345, 64L * step)
                .withFlops(3.1e11, OptionalDouble.of(0.41))
                .withPeakMemory(2254857830L)
                .withSeconds(0.4 * step);
    }
}
