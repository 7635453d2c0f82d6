package dev.braid.trainer.action;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.braid.checkpoint.safetensors.Entry;
import dev.braid.checkpoint.safetensors.SafetensorsWriter;
import dev.braid.data.DataReport;
import dev.braid.data.PreparedData;
import dev.braid.data.Sample;
import dev.braid.data.Sampler;
import dev.braid.tensor.Shape;
import dev.braid.trainer.cli.Actions;
import dev.braid.trainer.cli.Console;
import dev.braid.trainer.config.Experiment;
import dev.braid.trainer.report.Display;
import dev.braid.trainer.report.StatusLine;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
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
        try (PreparedData data = open(request.experiment(), request.master())) {
            if (request.json()) {
                console.out().println(json(data));
            } else {
                console.out().println(DataStage.describe(data));
                console.out().println("in " + data.location().folder());
            }
        }
    }

    void show(Actions.Show request) throws IOException {
        Experiment experiment = request.experiment();
        try (PreparedData data = open(experiment, request.master())) {
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

    private PreparedData open(Experiment experiment, Optional<String> master) throws IOException {
        Display display = Display.of(console.err(), console.terminal(), System.getenv(), 0);
        try (StatusLine status = new StatusLine(console.err(), display)) {
            PreparedData data = new DataStage(experiment, status).prepareAlone(master);
            data.notes().forEach(status::line);
            return data;
        }
    }

    private static String json(PreparedData data) {
        Map<String, Object> facts = new LinkedHashMap<>();
        facts.put("folder", data.location().folder());
        facts.put("fingerprint", data.fingerprint());
        facts.put("reused", data.isReused());
        facts.put("vocabulary", data.tokenizer().size());
        facts.put("samples_per_epoch", data.samplesPerEpoch());
        facts.put("validation_samples", data.validationSamples());
        facts.put("sources", data.index().sources());
        try {
            return new ObjectMapper().writeValueAsString(facts);
        } catch (IOException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    /** The exact first batches: labels are already shifted, so that {@code labels[t]} follows {@code input_ids[t]}. */
    private static void write(Experiment experiment, PreparedData data, int steps, Path out) throws IOException {
        int sequences = experiment.batch().sequences();
        int length = experiment.sequence();
        Sampler sampler = data.sampler(experiment.seed());
        int count = Math.multiplyExact(Math.multiplyExact(steps, sequences), length);
        long[] inputs = new long[count];
        long[] labels = new long[count];
        for (int g = 0; g < steps * sequences; g++) {
            Sample sample = sampler.sample(g);
            for (int t = 0; t < length; t++) {
                inputs[g * length + t] = sample.inputs()[t];
                labels[g * length + t] = sample.labels()[t];
            }
        }
        Shape shape = Shape.of(steps, sequences, length);
        SafetensorsWriter.write(
                out, List.of(Entry.of("input_ids", shape, inputs), Entry.of("labels", shape, labels)), Map.of());
    }

    private void text(Experiment experiment, PreparedData data, int steps) {
        long planned = (long) experiment.train().steps() * experiment.batch().sequences();
        long shown =
                steps == 0 ? SAMPLES_SHOWN : (long) steps * experiment.batch().sequences();
        console.out().print(DataReport.mixture(data, planned));
        console.out().print(DataReport.samples(data, experiment.seed(), Math.toIntExact(shown)));
    }
}
