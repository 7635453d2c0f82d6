package dev.braid.trainer.action;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.braid.parallelism.pipeline.schedules.ScheduleName;
import dev.braid.trainer.cli.Actions;
import dev.braid.trainer.cli.Console;
import dev.braid.trainer.config.Experiment;
import dev.braid.trainer.config.PipelineConfig;
import dev.braid.trainer.plan.PipelineFacts;
import dev.braid.trainer.plan.PipelinePlan;
import dev.braid.trainer.plan.PipelineText;
import dev.braid.trainer.plan.Plan;
import dev.braid.trainer.plan.PlanFacts;
import dev.braid.trainer.plan.PlanInput;
import dev.braid.trainer.plan.PlanText;
import dev.braid.trainer.plan.ScheduleComparison;
import dev.braid.trainer.report.Format;
import dev.braid.trainer.train.PipelineLayout;
import dev.braid.trainer.train.ScheduleFile;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.OptionalLong;

/** {@code braid plan}. */
final class PlanAction {
    private final Console console;

    PlanAction(Console console) {
        this.console = console;
    }

    void run(Actions.Plan request) throws IOException {
        if (request.experiment().parallel().pipeline() > 1) {
            pipeline(request, input(request));
            return;
        }
        if (request.compare()) {
            throw new IllegalArgumentException(
                    "--compare is for pipelines, and parallel.pipeline is 1; raise it, as with"
                            + " -s parallel.pipeline=2");
        }
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

    private void pipeline(Actions.Plan request, PlanInput input) throws IOException {
        PipelineConfig config = request.experiment().pipeline();
        OptionalLong limit = request.memory().isPresent() ? request.memory() : config.memoryLimitBytes();
        OptionalInt chunks = config.virtualStages().map(OptionalInt::of).orElse(OptionalInt.empty());
        if (request.compare()) {
            ScheduleComparison comparison = ScheduleComparison.of(input, chunks, config.layers(), limit);
            write(
                    request.json(),
                    PipelineFacts.of(comparison, request.rate()),
                    PipelineText.of(comparison, request.rate()));
            return;
        }
        PipelineLayout layout = PipelineLayout.of(
                        request.experiment(), input.vocabulary(), ScheduleFile.read(request.experiment()), limit)
                .orElseThrow();
        noteLimit(config, limit);
        PipelinePlan plan = PipelinePlan.of(input, layout.schedule(), layout.split(), config.stepsOptimistically());
        write(
                request.json(),
                PipelineFacts.of(plan, limit, request.rate()),
                PipelineText.of(plan, limit, request.rate()));
    }

    private void write(boolean json, Map<String, Object> facts, String text) throws IOException {
        if (json) {
            console.out().println(new ObjectMapper().writeValueAsString(facts));
        } else {
            console.out().print(text);
        }
    }

    /** Says what a run needs, to be the one that was planned. */
    private void noteLimit(PipelineConfig config, OptionalLong limit) {
        if (!limit.equals(config.memoryLimitBytes())
                && ScheduleName.find(config.scheduleName())
                        .filter(ScheduleName::automatic)
                        .isPresent()) {
            console.err()
                    .println("note: " + config.scheduleName() + " is made for --memory here; a run makes it so with"
                            + " -s pipeline.memory_limit=" + Format.exactBytes(limit.getAsLong()));
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
        PlanInput input = PlanInput.of(experiment, vocabulary, request.cores().orElse(here));
        if (request.hostRanks().isEmpty()) {
            return input;
        }
        try {
            return input.onHostsOf(request.hostRanks().getAsInt());
        } catch (IllegalArgumentException wrong) {
            throw new IllegalArgumentException("--ranks-per-host: " + wrong.getMessage(), wrong);
        }
    }
}
