package dev.braid.trainer.action;

import dev.braid.trainer.config.Experiment;
import dev.braid.trainer.report.EventFile;
import dev.braid.trainer.report.Format;
import dev.braid.trainer.report.MetricsWriter;
import dev.braid.trainer.report.RouterRecord;
import dev.braid.trainer.report.StatusLine;
import dev.braid.trainer.report.StepRecord;
import dev.braid.trainer.report.TrainingProgress;
import dev.braid.trainer.report.Waits;
import dev.braid.trainer.spark.RankEvent;
import dev.braid.trainer.spark.RankFailure;
import dev.braid.trainer.spark.RankListener;
import dev.braid.trainer.train.TrainingEvent;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;

/** Turns what the ranks say into the progress line, metrics and TensorBoard events. Never called by two threads at once. */
final class RunListener implements RankListener, AutoCloseable {
    private final Experiment experiment;
    private final RunFolder folder;
    private final StatusLine status;
    private final PrintStream json;
    private MetricsWriter metrics;
    private EventFile tensorBoard;
    private TrainingProgress progress;
    private long lastStep;
    private double peak;
    private String sampled;
    private TrainingEvent.Pipelined pipelined;

    /** @param json where to print one JSON object a step; null for none */
    RunListener(Experiment experiment, RunFolder folder, StatusLine status, PrintStream json) {
        this.experiment = experiment;
        this.folder = folder;
        this.status = status;
        this.json = json;
    }

    /** Prompt and continuation that the trained model wrote, if it came to that. */
    Optional<String> sampled() {
        return Optional.ofNullable(sampled);
    }

    /** When the actions of a pipeline ran in a step, if one was traced. */
    Optional<TrainingEvent.Pipelined> pipelined() {
        return Optional.ofNullable(pipelined);
    }

    @Override
    public void event(RankEvent event) {
        try {
            hear(TrainingEvent.fromJson(event.json()));
        } catch (IOException failure) {
            throw new UncheckedIOException(
                    "the metrics in " + folder.path() + " can't be written: " + failure.getMessage(), failure);
        }
    }

    private void hear(TrainingEvent event) throws IOException {
        switch (event) {
            case TrainingEvent.Started started -> start(started);
            case TrainingEvent.Stepped stepped -> step(stepped);
            case TrainingEvent.Saved saved ->
                progress.message("saved " + saved.folder() + " in " + Format.duration(saved.seconds()));
            case TrainingEvent.Sampled sample -> sampled = sample.prompt() + sample.continuation();
            case TrainingEvent.Pipelined step -> pipelined = step;
            case TrainingEvent.Note note -> status.line(note.text());
        }
    }

    /** A rank that starts again after a failure starts from a checkpoint: what came after it is dropped. */
    private void start(TrainingEvent.Started started) throws IOException {
        boolean again = metrics != null;
        close();
        metrics = MetricsWriter.open(folder.metrics(), started.step());
        tensorBoard = EventFile.create(
                folder.tensorBoard(), "braid", ProcessHandle.current().pid(), InstantSource.system(), started.step());
        int epoch = metrics.lastKept().map(StepRecord::epoch).orElse(1);
        progress = new TrainingProgress(status, experiment.train().steps(), epoch, System::nanoTime);
        peak = started.peakFlopsPerSecond();
        if (again) {
            status.line(goingOn(started.step()));
        }
        lastStep = started.step();
        String speed = peak > 0
                ? "; matmul peak " + Format.flops(peak) + " in "
                        + experiment.precision().compute()
                : "";
        status.line("model: " + parameters(started) + "; " + started.cores() + " cores, "
                + started.engine().lines().findFirst().orElse("") + speed);
    }

    /** Where a token does not use all of the model, FLOPs are those of what it uses. */
    private static String parameters(TrainingEvent.Started started) {
        String all = Format.count(started.parameters()) + " parameters";
        return started.activeParameters() == started.parameters()
                ? all
                : all + ", " + Format.count(started.activeParameters())
                        + " active for a token: FLOP/s and part of peak count these alone";
    }

    /** Why steps that were already shown are shown again. */
    private String goingOn(long checkpoint) {
        String from = checkpoint == 0 ? "from the start" : "after step " + checkpoint;
        return lastStep > checkpoint
                ? "going on " + from + "; what came of steps " + (checkpoint + 1) + " to " + lastStep
                        + " was lost with the ranks, and they are trained again"
                : "going on " + from + "; no step was lost";
    }

    private void step(TrainingEvent.Stepped step) throws IOException {
        StepRecord record = StepRecord.of(
                        step.step(),
                        step.loss(),
                        step.gradientNorm(),
                        step.learningRate(),
                        step.tokensPerSecond(),
                        step.tokens())
                .withFlops(
                        step.modelFlopsPerSecond(),
                        peak > 0 ? OptionalDouble.of(step.modelFlopsPerSecond() / peak) : OptionalDouble.empty())
                .withPeakMemory(step.peakMemoryBytes())
                .withSkips(step.skipped(), step.skippedSteps())
                .withEpoch(Math.toIntExact(step.epoch() + 1))
                .withSeconds(step.seconds())
                .withMtpLosses(step.mtpLosses())
                .withWaits(Waits.of(step.stepSeconds(), step.exposedSeconds()))
                .withRouters(routers(step));
        if (!Double.isNaN(step.valLoss())) {
            record = record.withValLoss(step.valLoss());
        }
        if (!Double.isNaN(step.valAccuracy())) {
            record = record.withValAccuracy(step.valAccuracy());
        }
        StepRecord written = metrics.write(record);
        tensorBoard.step(written);
        lastStep = written.step();
        if (json != null) {
            json.println(written.toJson());
        } else {
            progress.step(written);
        }
    }

    private static List<RouterRecord> routers(TrainingEvent.Stepped step) {
        int experts = step.routers().stream()
                .mapToInt(router -> router.counts().size())
                .sum();
        boolean counts = RouterRecord.tellsCounts(step.step(), experts);
        return step.routers().stream()
                .map(router -> new RouterRecord(
                        router.layer(),
                        router.maxOverMean(),
                        router.capacity() ? OptionalDouble.of(router.dropRate()) : OptionalDouble.empty(),
                        router.entropy(),
                        router.balanceLoss(),
                        router.zLoss(),
                        router.bias().stream().mapToDouble(Double::doubleValue).min(),
                        router.bias().stream().mapToDouble(Double::doubleValue).max(),
                        counts ? router.counts() : List.of()))
                .toList();
    }

    @Override
    public void failure(RankFailure failure, boolean retried) {
        if (retried) {
            status.line(failure.describe() + "; starting all ranks again from the newest checkpoint");
        }
    }

    @Override
    public void close() throws IOException {
        if (metrics != null) {
            metrics.close();
            tensorBoard.close();
        }
    }
}
