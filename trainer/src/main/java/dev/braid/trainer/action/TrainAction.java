package dev.braid.trainer.action;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.braid.data.RecallConfig;
import dev.braid.data.TextConfig;
import dev.braid.parallelism.pipeline.Schedule;
import dev.braid.parallelism.pipeline.schedules.ScheduleText;
import dev.braid.trainer.cli.Actions;
import dev.braid.trainer.cli.Console;
import dev.braid.trainer.cli.RunFailedException;
import dev.braid.trainer.config.Experiment;
import dev.braid.trainer.report.Display;
import dev.braid.trainer.report.Format;
import dev.braid.trainer.report.HtmlReport;
import dev.braid.trainer.report.RunHistory;
import dev.braid.trainer.report.RunSummary;
import dev.braid.trainer.report.RunText;
import dev.braid.trainer.report.StatusLine;
import dev.braid.trainer.spark.Coordinator;
import dev.braid.trainer.spark.RankFailedException;
import dev.braid.trainer.spark.SparkPlan;
import dev.braid.trainer.spark.SparkSettings;
import dev.braid.trainer.spark.StopSignals;
import dev.braid.trainer.train.InitialWeights;
import dev.braid.trainer.train.PipelineLayout;
import dev.braid.trainer.train.RoomToUndo;
import dev.braid.trainer.train.ScheduleFile;
import dev.braid.trainer.train.TrainingEvent;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.apache.spark.sql.SparkSession;

/** {@code braid train}: data, ranks, progress, report. */
final class TrainAction {
    private final Console console;
    private final Actions.Train request;
    private final Experiment experiment;
    private final Display display;

    TrainAction(Console console, Actions.Train request) {
        this.console = console;
        this.request = request;
        this.experiment = request.experiment();
        this.display = Display.of(console.err(), console.terminal(), System.getenv(), 0);
    }

    void run() throws IOException, InterruptedException {
        Path output = Path.of(experiment.output()).toAbsolutePath().normalize();
        try (RunFolder folder = RunFolder.open(output);
                StatusLine status = new StatusLine(console.err(), display)) {
            List<String> changes = folder.changes(experiment);
            OptionalLong newest = folder.newest();
            if (newest.isPresent() && newest.getAsLong() >= experiment.train().steps()) {
                alreadyComplete(folder, newest.getAsLong());
                return;
            }
            // A run that is complete is shown even where the file of its schedule is gone.
            Optional<Schedule> file = ScheduleFile.read(experiment);
            // Refuses a memory limit that is too small before anything is started.
            experiment.vocabulary().ifPresent(size -> requireRoom(size, file));
            String schedule = file.map(ScheduleText::print).orElse("");
            if (newest.isEmpty() && experiment.init().from().isPresent()) {
                InitialWeights.check(Path.of(experiment.init().from().get()));
            }
            changes.forEach(change -> status.line("changed since the run was started: " + change));
            train(folder, newest, schedule, status);
        } catch (UncheckedIOException failure) {
            throw new RunFailedException(failure.getMessage(), failure);
        }
    }

    private void requireRoom(int vocabulary, Optional<Schedule> file) {
        Optional<PipelineLayout> layout = PipelineLayout.of(experiment, vocabulary, file);
        if (layout.isPresent() && experiment.pipeline().stepsOptimistically()) {
            RoomToUndo.of(experiment, vocabulary, layout.get(), 1).requireWithinLimit();
        }
    }

    private void alreadyComplete(RunFolder folder, long step) throws IOException {
        if (request.json()) {
            console.out()
                    .println(new ObjectMapper()
                            .writeValueAsString(Map.of(
                                    "complete",
                                    true,
                                    "step",
                                    step,
                                    "output",
                                    folder.path().toString())));
            return;
        }
        console.out()
                .println("The run is complete: step " + step + " of "
                        + experiment.train().steps() + ".");
        RunHistory history = history(folder);
        console.out().print(RunText.render(summary(folder, "complete", Optional.empty()), history, display));
        console.out().println("To train on, raise train.steps; to start anew, give another name or delete the folder.");
    }

    private void train(RunFolder folder, OptionalLong newest, String schedule, StatusLine status)
            throws IOException, InterruptedException {
        SparkPlan plan = SparkPlan.of(new SparkSettings(
                "train " + experiment.name(),
                request.master(),
                experiment.parallel().mesh(),
                Map.of()));
        String ended;
        RunListener listener;
        try (SparkSession spark = plan.open();
                RunData data = new DataStage(experiment, status).prepare(spark)) {
            status.line(data.describe());
            data.notes().forEach(status::line);
            folder.writeConfig(experiment);
            newest.ifPresent(
                    step -> status.line("resuming from " + folder.checkpoints().resolve("step-" + step)));
            Coordinator coordinator = new Coordinator(spark, plan.layout(), plan.limits());
            TrainingProgram program =
                    new TrainingProgram(experiment.toYaml(), folder.path().toString(), data.folder(), schedule);
            listener = new RunListener(experiment, folder, status, request.json() ? console.out() : null);
            StopSignals signals = StopSignals.listen(name -> stop(coordinator, status, name));
            try {
                ended = coordinator
                        .run("train " + experiment.name(), program, listener)
                        .getFirst();
            } catch (RankFailedException failure) {
                throw new RunFailedException(failure.getMessage() + "\n" + whereToGoOn(folder), failure);
            } finally {
                signals.close();
                listener.close();
            }
        }
        finish(folder, listener, schedule, new ObjectMapper().readValue(ended, TrainingEvent.Ended.class));
    }

    private static String whereToGoOn(RunFolder folder) throws IOException {
        OptionalLong saved = folder.newest();
        return saved.isPresent()
                ? "The newest checkpoint is of step " + saved.getAsLong() + "; the same command goes on from there."
                : "No checkpoint was saved yet; the same command starts anew.";
    }

    private static void stop(Coordinator coordinator, StatusLine status, String signal) {
        status.line("got " + signal + ": saving a checkpoint after this step, then ending (once more to end at once)");
        coordinator.requestStop();
    }

    private void finish(RunFolder folder, RunListener listener, String schedule, TrainingEvent.Ended ended)
            throws IOException {
        String how = ended.stopped()
                ? "stopped at step " + ended.step() + " of "
                        + experiment.train().steps()
                : "complete";
        RunHistory history = history(folder);
        RunSummary summary = summary(folder, how, listener.sampled());
        Optional<String> drawing = new PipelineDrawing(experiment, schedule).draw(listener.pipelined());
        RunSummary withConfig = summary.withConfig(experiment.toYaml());
        HtmlReport.write(folder.report(), drawing.map(withConfig::withSchedule).orElse(withConfig), history);
        if (request.json()) {
            return;
        }
        listener.sampled().ifPresent(sample -> console.out().println("\nsample:\n" + sample.indent(2)));
        console.out().print(RunText.render(summary, history, display));
        if (ended.stopped()) {
            console.out()
                    .println("Stopped and saved at step " + ended.step() + ". The same command goes on from here.");
        } else if (experiment.train().steps() > 0) {
            console.out().println("Next: " + next());
        }
    }

    private String next() {
        return switch (experiment.data()) {
            case TextConfig text -> "./braid sample " + experiment.output() + " --prompt 'public class '";
            case RecallConfig recall -> "./braid compare " + experiment.output() + " (and the folders of other runs)";
        };
    }

    private RunSummary summary(RunFolder folder, String how, Optional<String> sample) {
        List<RunSummary.Fact> facts = new ArrayList<>();
        facts.add(new RunSummary.Fact("tokens a step", Format.grouped(experiment.tokensPerStep())));
        facts.add(new RunSummary.Fact("checkpoints", shown(folder.checkpoints())));
        facts.add(new RunSummary.Fact("metrics", shown(folder.metrics())));
        facts.add(new RunSummary.Fact("loss curve", shown(folder.report())));
        facts.add(new RunSummary.Fact("TensorBoard", shown(folder.tensorBoard())));
        RunSummary summary = RunSummary.of(experiment.name(), how, facts);
        return sample.map(summary::withSample).orElse(summary);
    }

    /** Relative to where the user is, when that is shorter. */
    private static String shown(Path path) {
        Path here = Path.of("").toAbsolutePath();
        return path.startsWith(here) ? here.relativize(path).toString() : path.toString();
    }

    private static RunHistory history(RunFolder folder) throws IOException {
        return Files.exists(folder.metrics()) ? RunHistory.read(folder.metrics()) : new RunHistory();
    }
}
