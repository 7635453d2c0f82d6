package dev.braid.trainer.action;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.braid.models.Architecture;
import dev.braid.tensor.DType;
import dev.braid.trainer.cli.Actions;
import dev.braid.trainer.cli.Console;
import dev.braid.trainer.config.Experiment;
import dev.braid.trainer.report.ComparisonChart;
import dev.braid.trainer.report.ComparisonTable;
import dev.braid.trainer.report.RunHistory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.OptionalLong;

/** {@code braid compare}: metrics of several runs as a table and as a picture. */
final class CompareAction {
    private static final String CONFIG = "config.yaml";
    private static final String METRICS = "metrics.jsonl";

    private final Console console;

    CompareAction(Console console) {
        this.console = console;
    }

    void run(Actions.Compare request) throws IOException {
        List<String> missing = new ArrayList<>();
        for (Path run : request.runs()) {
            for (String file : List.of(CONFIG, METRICS)) {
                if (!Files.isRegularFile(run.resolve(file))) {
                    missing.add(run + " has no " + file);
                }
            }
        }
        if (!missing.isEmpty()) {
            throw new IllegalArgumentException(String.join("; ", missing)
                    + "; a run is a folder that ./braid train has written, e.g. runs/quickstart");
        }
        List<ComparisonTable.Run> runs = new ArrayList<>();
        for (Path run : request.runs()) {
            runs.add(run(run));
        }
        if (request.svg().isPresent()) {
            request.curve().filter(curve -> !curve.isIn(runs)).ifPresent(curve -> {
                throw new IllegalArgumentException("none of these runs has values of --curve " + curve
                        + "; leave it out, and the picture shows what they have");
            });
            Files.writeString(
                    request.svg().get(),
                    request.curve()
                            .map(curve -> ComparisonChart.draw(runs, curve))
                            .orElseGet(() -> ComparisonChart.draw(runs)));
        }
        if (request.loads().isPresent()) {
            if (runs.stream()
                    .allMatch(run -> Double.isNaN(run.history().routers().lastWorst()))) {
                throw new IllegalArgumentException(
                        "none of these runs has experts, whose load --loads would show; leave it out, or name runs of a"
                                + " model with an ffn of type moe");
            }
            Files.writeString(request.loads().get(), ComparisonChart.drawLoads(runs));
        }
        if (request.json()) {
            console.out().println(new ObjectMapper().writeValueAsString(ComparisonTable.facts(runs)));
        } else {
            console.out().print(ComparisonTable.markdown(runs));
        }
    }

    private static ComparisonTable.Run run(Path folder) throws IOException {
        Experiment experiment = Experiment.read(folder.resolve(CONFIG), List.of());
        return new ComparisonTable.Run(
                experiment.name(),
                experiment.model().layersInWords(),
                parameters(experiment),
                RunHistory.read(folder.resolve(METRICS)));
    }

    /** Trained elements; empty where only the tokenizer knows the vocabulary. */
    private static OptionalLong parameters(Experiment experiment) {
        OptionalInt vocabulary = experiment.vocabulary();
        return vocabulary.isPresent()
                ? OptionalLong.of(new Architecture(experiment.model(), vocabulary.getAsInt(), DType.F32, 1, 0)
                        .parameters()
                        .count())
                : OptionalLong.empty();
    }
}
