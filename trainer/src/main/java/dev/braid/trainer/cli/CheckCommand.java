package dev.braid.trainer.cli;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.braid.trainer.config.Experiment;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import picocli.CommandLine;
import picocli.CommandLine.Option;

@CommandLine.Command(
        name = "check",
        description = "Check a config: every fault at once, or what it comes to.",
        footer = {
            "",
            "Example:",
            "  braid check examples/quickstart.yaml",
            "  braid check examples/quickstart.yaml -s batch.microbatch=5"
        })
final class CheckCommand extends ConfigCommand {
    private final Console console;

    @Option(names = "--resolved", description = "Print the whole config, with every default.")
    private boolean resolved;

    CheckCommand(Console console) {
        this.console = console;
    }

    @Override
    void execute() throws IOException {
        Experiment experiment = experiment();
        if (resolved) {
            console.out().print(experiment.toYaml());
        } else if (json()) {
            console.out().println(new ObjectMapper().writeValueAsString(facts(experiment)));
        } else {
            console.out().println(config() + " is fine");
            facts(experiment)
                    .forEach((name, fact) ->
                            console.out().printf(Locale.ROOT, "  %-16s %s%n", name.replace('_', ' '), fact));
        }
    }

    private static Map<String, Object> facts(Experiment experiment) {
        Map<String, Object> facts = new LinkedHashMap<>();
        facts.put("name", experiment.name());
        facts.put("output", experiment.output());
        facts.put("layers", experiment.model().layers());
        facts.put("dim", experiment.model().dim());
        facts.put("pattern", experiment.model().layersInWords());
        experiment.vocabulary().ifPresent(size -> facts.put("vocabulary", size));
        facts.put("sequence", experiment.sequence());
        facts.put("micro_batches", experiment.microbatches());
        facts.put("tokens_per_step", experiment.tokensPerStep());
        facts.put("steps", experiment.train().steps());
        facts.put("tokens", experiment.tokensPerStep() * experiment.train().steps());
        facts.put("precision", experiment.precision().compute());
        facts.put("engine", experiment.engine());
        facts.put("ranks", experiment.parallel().ranks());
        facts.put("mesh", experiment.parallel().mesh().describe());
        return facts;
    }
}
