package dev.braid.trainer.action;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.braid.checkpoint.safetensors.Entry;
import dev.braid.checkpoint.safetensors.SafetensorsWriter;
import dev.braid.data.Sample;
import dev.braid.tensor.Shape;
import dev.braid.trainer.cli.Actions;
import dev.braid.trainer.cli.Console;
import dev.braid.trainer.config.Experiment;
import dev.braid.trainer.report.Display;
import dev.braid.trainer.report.StatusLine;
import dev.braid.trainer.train.TrainingData;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** {@code braid data prepare} and {@code braid data show}. */
final class DataAction {
    private static final int SAMPLES_SHOWN = 3;

    private final Console console;

    DataAction(Console console) {
        this.console = console;
    }

    void prepare(Actions.Prepare request) throws IOException {
        try (RunData data = open(request.experiment(), request.master())) {
            if (request.json()) {
                console.out().println(json(data));
            } else {
                console.out().println(data.describe());
                console.out().println(data.folder().isEmpty() ? "there is nothing to prepare" : "in " + data.folder());
            }
        }
    }

    void show(Actions.Show request) throws IOException {
        Experiment experiment = request.experiment();
        try (RunData data = open(experiment, request.master())) {
            if (request.out().isPresent()) {
                int steps = request.steps().orElse(1);
                write(experiment, data, steps, request.out().get());
                console.out()
                        .println("wrote the first " + steps + " batches, [" + steps + ", "
                                + experiment.batch().sequences() + ", " + experiment.sequence() + "], to "
                                + request.out().get());
            } else if (request.json()) {
                console.out().println(json(data));
            } else {
                text(experiment, data, request.steps().orElse(0));
            }
        }
    }

    private RunData open(Experiment experiment, Optional<String> master) throws IOException {
        Display display = Display.of(console.err(), console.terminal(), System.getenv(), 0);
        try (StatusLine status = new StatusLine(console.err(), display)) {
            RunData data = new DataStage(experiment, status).prepareAlone(master);
            data.notes().forEach(status::line);
            return data;
        }
    }

    private static String json(RunData data) {
        try {
            return new ObjectMapper().writeValueAsString(data.facts());
        } catch (IOException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    /** The exact first batches: labels are already shifted, so that {@code labels[t]} follows {@code input_ids[t]}. */
    private static void write(Experiment experiment, RunData data, int steps, Path out) throws IOException {
        int sequences = experiment.batch().sequences();
        int length = experiment.sequence();
        TrainingData training = data.training(experiment.seed());
        int count = Math.multiplyExact(Math.multiplyExact(steps, sequences), length);
        long[] inputs = new long[count];
        long[] labels = new long[count];
        for (int g = 0; g < steps * sequences; g++) {
            Sample sample = training.training(g);
            for (int t = 0; t < length; t++) {
                inputs[g * length + t] = sample.inputs()[t];
                labels[g * length + t] = sample.labels()[t];
            }
        }
        Shape shape = Shape.of(steps, sequences, length);
        SafetensorsWriter.write(
                out, List.of(Entry.of("input_ids", shape, inputs), Entry.of("labels", shape, labels)), Map.of());
    }

    private void text(Experiment experiment, RunData data, int steps) {
        long planned = (long) experiment.train().steps() * experiment.batch().sequences();
        long shown =
                steps == 0 ? SAMPLES_SHOWN : (long) steps * experiment.batch().sequences();
        console.out().print(data.report(planned));
        console.out().print(data.samples(experiment.seed(), Math.toIntExact(shown)));
    }
}
