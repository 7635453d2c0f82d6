package dev.braid.trainer.action;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.braid.trainer.cli.Actions;
import dev.braid.trainer.cli.Console;
import dev.braid.trainer.report.DispatchShare;
import dev.braid.trainer.report.Format;
import dev.braid.trainer.report.ProfileTable;
import dev.braid.trainer.train.PipelineFigures;
import dev.braid.trainer.train.TrainingBenchmark;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** {@code braid bench train}. */
final class BenchAction {
    private final Console console;

    BenchAction(Console console) {
        this.console = console;
    }

    void run(Actions.Bench request) throws IOException, InterruptedException {
        int cores = Runtime.getRuntime().availableProcessors();
        TrainingBenchmark.Result result =
                TrainingBenchmark.run(request.experiment(), cores, request.steps(), request.warmUp(), request.trace());
        if (request.json()) {
            console.out().println(new ObjectMapper().writeValueAsString(facts(request, result)));
            return;
        }
        console.out()
                .println(Format.count(result.parameters()) + " parameters, "
                        + request.experiment().tokensPerStep()
                        + " tokens a step, " + request.experiment().precision().compute() + ", " + cores + " cores"
                        + (request.experiment().parallel().ranks() == 1
                                ? ""
                                : " for "
                                        + request.experiment().parallel().mesh().describe())
                        + "; "
                        + result.engine().lines().findFirst().orElse("") + "; peak memory "
                        + Format.bytes(result.peakBytes()));
        result.exposedSeconds()
                .forEach((axis, seconds) ->
                        console.out().printf(Locale.ROOT, "waited for %s: %.1f ms a step%n", axis, seconds * 1e3));
        result.pipeline()
                .ifPresent(figures -> console.out()
                        .printf(
                                Locale.ROOT,
                                "pipeline %s: bubble %.1f %% measured, %.1f %% simulated with the measured times of its actions%n",
                                figures.measured().schedule().name(),
                                figures.measured().bubbleRate() * 100,
                                figures.simulated().bubbleRate() * 100));
        result.traced().ifPresent(console.out()::println);
        dispatch(result).ifPresent(console.out()::println);
        if (request.profile()) {
            console.out().print(ProfileTable.render(rows(result), nanos(result)));
        }
        console.out()
                .printf(
                        Locale.ROOT,
                        "tokens/s=%.0f step_ms=%.0f model_gflops=%.0f matmul_peak_gflops=%.0f share=%.3f%n",
                        result.tokensPerSecond(),
                        result.stepSeconds() * 1e3,
                        result.modelFlops() / 1e9,
                        result.peakFlops() / 1e9,
                        result.share());
    }

    private static long nanos(TrainingBenchmark.Result result) {
        return Math.round(result.totalSeconds() * 1e9);
    }

    private static Optional<DispatchShare> dispatch(TrainingBenchmark.Result result) {
        return DispatchShare.of(rows(result), nanos(result));
    }

    private static List<ProfileTable.Row> rows(TrainingBenchmark.Result result) {
        return result.profile().stream()
                .map(entry -> new ProfileTable.Row(entry.operation(), entry.calls(), entry.nanos(), entry.flops()))
                .toList();
    }

    private static Map<String, Object> pipeline(PipelineFigures figures) {
        Map<String, Object> facts = new LinkedHashMap<>();
        facts.put("schedule", figures.measured().schedule().name());
        facts.put("bubble", figures.measured().bubbleRate());
        facts.put("simulated_bubble", figures.simulated().bubbleRate());
        facts.put("actions_ms", PipelineFigures.cost(figures.measured()) * 1e3);
        facts.put("simulated_actions_ms", figures.simulated().cost() * 1e3);
        return facts;
    }

    private static Map<String, Object> facts(Actions.Bench request, TrainingBenchmark.Result result) {
        Map<String, Object> facts = new LinkedHashMap<>();
        facts.put("parameters", result.parameters());
        facts.put("precision", request.experiment().precision().compute());
        facts.put("engine", result.engine());
        facts.put("tokens_per_second", result.tokensPerSecond());
        facts.put("step_ms", result.stepSeconds() * 1e3);
        facts.put("model_gflops", result.modelFlops() / 1e9);
        facts.put("matmul_peak_gflops", result.peakFlops() / 1e9);
        facts.put("share", result.share());
        facts.put("peak_memory_bytes", result.peakBytes());
        facts.put("exposed_seconds", result.exposedSeconds());
        result.pipeline().ifPresent(figures -> facts.put("pipeline", pipeline(figures)));
        result.traced().ifPresent(note -> facts.put("trace", note));
        dispatch(result).ifPresent(share -> facts.put("dispatch_share", share.total()));
        if (request.profile()) {
            facts.put("profile", result.profile());
        }
        return facts;
    }
}
