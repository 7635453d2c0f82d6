package dev.braid.trainer.action;

import dev.braid.parallelism.CommunicationException;
import dev.braid.parallelism.CostModel;
import dev.braid.parallelism.preflight.Check;
import dev.braid.parallelism.preflight.Preflight;
import dev.braid.trainer.bench.CommBenchmark;
import dev.braid.trainer.bench.CommListener;
import dev.braid.trainer.bench.CommPlan;
import dev.braid.trainer.bench.CommResult;
import dev.braid.trainer.bench.CommText;
import dev.braid.trainer.bench.LinkFit;
import dev.braid.trainer.cli.Actions;
import dev.braid.trainer.cli.Console;
import dev.braid.trainer.cli.RunFailedException;
import dev.braid.trainer.ranks.RankProcessException;
import dev.braid.trainer.report.Display;
import dev.braid.trainer.report.StatusLine;
import dev.braid.trainer.report.TerminalWidth;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** {@code braid bench comm}: a row or a JSON line as soon as each result is there, and progress meanwhile. */
final class BenchCommAction {
    private final Console console;
    private final Actions.BenchComm request;
    private final String algorithm;

    BenchCommAction(Console console, Actions.BenchComm request) {
        this.console = console;
        this.request = request;
        this.algorithm = request.algorithm().name().toLowerCase(Locale.ROOT);
    }

    void run() throws InterruptedException {
        Display display = Display.of(
                console.err(), console.terminal(), System.getenv(), console.terminal() ? TerminalWidth.measure() : 0);
        try (StatusLine status = new StatusLine(console.err(), display)) {
            introduce();
            status.status("measuring memory copies");
            Map<Long, Double> copies = CommBenchmark.copyRates(request.plan().sizes());
            status.clear();
            if (!request.json()) {
                console.out().println(CommText.header());
            }
            CommProgress progress = new CommProgress(
                    status, request.plan(), request.transports().size(), System::nanoTime);
            for (String transport : request.transports()) {
                measure(transport, copies, status, progress);
            }
            status.clear();
            if (!request.json()) {
                console.out().println(CommText.copyLine(copies));
            }
        }
    }

    private void introduce() {
        if (request.json()) {
            return;
        }
        console.out()
                .printf(
                        Locale.ROOT,
                        "%d ranks, %s, %s tensors in %s memory, algorithm %s%n",
                        request.ranks(),
                        request.processes() ? "each a JVM of this host" : "threads of one JVM",
                        request.plan().dtype().name().toLowerCase(Locale.ROOT),
                        request.plan().sharedMemory() ? "shared" : "private",
                        algorithm);
        if (request.preflight()) {
            console.out().print(Preflight.describe(CommBenchmark.preflight(request.ranks())));
            console.out().print(CostModel.defaults().describe());
        } else if (needsDriver()) {
            List<Check> wrong = CommBenchmark.preflight(request.ranks()).stream()
                    .filter(check -> !check.passed())
                    .toList();
            console.out().print(Preflight.describe(wrong));
        }
    }

    /** Threads of one JVM meet without a media driver, so what one would need does not matter to them. */
    private boolean needsDriver() {
        return request.processes()
                || request.transports().contains("ipc")
                || request.transports().contains("udp");
    }

    private void measure(String transport, Map<Long, Double> copies, StatusLine status, CommProgress progress)
            throws InterruptedException {
        CommText text = new CommText(
                request.ranks(),
                request.processes(),
                CommBenchmark.spelledOut(
                        transport, request.processes(), request.plan().sharedMemory()),
                algorithm,
                request.plan(),
                copies);
        List<CommResult> results = new ArrayList<>();
        CommListener listener = new CommListener() {
            @Override
            public void started(CommPlan.Point point) {
                progress.started(point);
            }

            @Override
            public void measured(CommResult result) {
                results.add(result);
                status.clear();
                console.out().println(request.json() ? text.json(result) : text.row(result));
                progress.measured();
            }
        };
        try {
            CommBenchmark.run(
                    request.ranks(), request.processes(), transport, request.algorithm(), request.plan(), listener);
        } catch (CommunicationException | RankProcessException failure) {
            throw new RunFailedException("over " + transport + ": " + failure.getMessage(), failure);
        }
        if (!request.json()) {
            LinkFit.of(results).ifPresent(fit -> console.out().println(fit.describe(text.transport())));
        }
    }
}
