package dev.braid.trainer.action;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.braid.trainer.cli.Actions;
import dev.braid.trainer.cli.Console;
import dev.braid.trainer.config.Experiment;
import dev.braid.trainer.plan.Plan;
import dev.braid.trainer.plan.PlanFacts;
import dev.braid.trainer.plan.PlanInput;
import dev.braid.trainer.plan.PlanText;
import java.io.IOException;
import java.util.List;

/** {@code braid plan}. */
final class PlanAction {
    private final Console console;

    PlanAction(Console console) {
        this.console = console;
    }

    void run(Actions.Plan request) throws IOException {
        Plan plan = Plan.of(input(request));
        noteSavings(request.experiment());
        if (request.json()) {
            console.out()
                    .println(new ObjectMapper()
                            .writeValueAsString(PlanFacts.of(plan, request.memory(), request.rate())));
        } else {
            console.out().print(PlanText.of(plan, request.memory(), request.rate()));
        }
    }

    /** Says what the figures leave out, rather than leave it out in silence. */
    private void noteSavings(Experiment experiment) {
        List<String> savings = experiment.parallel().zeropp();
        if (!savings.isEmpty()) {
            console.err()
                    .println("note: the plan is that of the run without parallel.zeropp " + savings
                            + "; docs/zeropp.md says what each saves and takes");
        }
    }

    private static PlanInput input(Actions.Plan request) {
        Experiment experiment = request.experiment();
        int vocabulary = experiment
                .vocabulary()
                .orElseThrow(
                        () -> new IllegalArgumentException("model.vocab: is missing; the tokenizer lies in a file that"
                                + " a plan does not read; write the number of its tokens"));
        int here = Math.max(
                1,
                Runtime.getRuntime().availableProcessors()
                        / experiment.parallel().ranks());
        return PlanInput.of(experiment, vocabulary, request.cores().orElse(here));
    }
}
