package dev.braid.trainer.action;

import static org.assertj.core.api.Assertions.assertThat;

import dev.braid.trainer.config.Experiment;
import dev.braid.trainer.report.Display;
import dev.braid.trainer.report.MetricsReader;
import dev.braid.trainer.report.StatusLine;
import dev.braid.trainer.report.StepRecord;
import dev.braid.trainer.spark.RankEvent;
import dev.braid.trainer.spark.RankFailure;
import dev.braid.trainer.train.TrainingEvent;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a person and the metrics see of a run whose ranks are started again. */
class RunListenerTest {
    @TempDir
    private Path folder;

    private final ByteArrayOutputStream text = new ByteArrayOutputStream();
    private RunFolder run;
    private RunListener listener;

    @BeforeEach
    void open() throws IOException {
        Experiment experiment = Experiment.read(new TinyExperiment(folder).config(), List.of());
        PrintStream out = new PrintStream(text, true, StandardCharsets.UTF_8);
        run = RunFolder.open(folder.resolve("run"));
        listener = new RunListener(experiment, run, new StatusLine(out, Display.of(out, false, Map.of(), 0)), null);
    }

    @AfterEach
    void close() throws IOException {
        listener.close();
        run.close();
    }

    private void starts(int attempt, long step) {
        hear(attempt, new TrainingEvent.Started(step, 1000, 1000, 0, "oneDNN", 2));
    }

    private void steps(int attempt, long first, long last) {
        for (long step = first; step <= last; step++) {
            double loss = 10 * attempt + step;
            hear(
                    attempt,
                    new TrainingEvent.Stepped(
                            step,
                            loss,
                            1,
                            0.1,
                            100,
                            64 * step,
                            Double.NaN,
                            Double.NaN,
                            1e9,
                            1 << 20,
                            false,
                            0,
                            0,
                            step,
                            0,
                            Map.of(),
                            List.of(),
                            List.of()));
        }
    }

    private void hear(int attempt, TrainingEvent event) {
        listener.event(new RankEvent(0, attempt, event.toJson()));
    }

    private void loses(int rank) {
        RankFailure.Origin own = RankFailure.Origin.OWN;
        listener.failure(new RankFailure(rank, 0, "n2", "", "its process was killed", "", false, own), true);
    }

    private List<String> said() {
        return text.toString(StandardCharsets.UTF_8).lines().toList();
    }

    @Test
    void shouldSayWhichRankWasLostAndWhichStepsAreTrainedAgain() {
        starts(0, 0);
        steps(0, 1, 7);
        loses(3);
        starts(1, 5);
        steps(1, 6, 8);

        assertThat(said())
                .contains(
                        "rank 3 on n2 (attempt 0) failed: its process was killed; starting all ranks again from the newest"
                                + " checkpoint",
                        "going on after step 5; what came of steps 6 to 7 was lost with the ranks, and they are trained"
                                + " again");
    }

    @Test
    void shouldKeepOneLineAStepInOrderAlthoughStepsAreTrainedTwice() throws IOException {
        starts(0, 0);
        steps(0, 1, 7);
        loses(3);
        starts(1, 5);
        steps(1, 6, 8);

        List<StepRecord> records = MetricsReader.read(run.metrics());
        assertThat(records).extracting(StepRecord::step).containsExactly(1L, 2L, 3L, 4L, 5L, 6L, 7L, 8L);
        assertThat(records).extracting(StepRecord::loss).containsExactly(1., 2., 3., 4., 5., 16., 17., 18.);
    }

    @Test
    void shouldStartAnewWhenNoCheckpointWasSaved() throws IOException {
        starts(0, 0);
        steps(0, 1, 2);
        loses(1);
        starts(1, 0);
        steps(1, 1, 1);

        assertThat(said())
                .contains("going on from the start; what came of steps 1 to 2 was lost with the ranks, and they are"
                        + " trained again");
        assertThat(MetricsReader.read(run.metrics()))
                .extracting(StepRecord::loss)
                .containsExactly(11.);
    }

    @Test
    void shouldSayThatNothingWasLostWhenTheLastStepWasSaved() {
        starts(0, 0);
        steps(0, 1, 5);
        loses(1);
        starts(1, 5);

        assertThat(said()).contains("going on after step 5; no step was lost");
    }

    @Test
    void shouldNotSpeakOfARestartWhenARunIsResumed() {
        starts(0, 5);
        steps(0, 6, 6);

        assertThat(said()).noneMatch(line -> line.startsWith("going on"));
    }
}
