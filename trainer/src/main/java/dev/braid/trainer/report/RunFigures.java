package dev.braid.trainer.report;

import java.util.ArrayList;
import java.util.List;

/** The figures at the end of a run in words, the same on the page and in the terminal. */
final class RunFigures {
    private RunFigures() {}

    /** Label and value of what is known, the most important first; empty for a run without steps. */
    static List<RunSummary.Fact> of(RunHistory history) {
        List<RunSummary.Fact> facts = new ArrayList<>();
        history.last().ifPresent(last -> {
            add(facts, "training loss", Format.fixed(last.loss(), 4));
            addValidation(facts, history);
            if (!Double.isNaN(history.lastValAccuracy())) {
                add(
                        facts,
                        "accuracy",
                        Format.finePercent(history.lastValAccuracy()) + " (of the answers in validation)");
            }
            add(facts, "steps", Format.grouped(last.step()));
            add(facts, "tokens", Format.count(last.tokens()));
            add(facts, "time", Format.duration(last.seconds()));
            add(facts, "tokens/s", Format.count(history.medianTokensPerSecond()) + " (median)");
            if (!Double.isNaN(history.medianPeakShare())) {
                add(facts, "matmul peak", Format.percent(history.medianPeakShare()) + " (median)");
            }
            if (!Double.isNaN(history.medianWaitShare())) {
                add(facts, "waiting for ranks", waiting(history));
            }
            addExperts(facts, history.routers());
            if (last.peakMemoryBytes() > 0) {
                add(facts, "peak memory", Format.bytes(last.peakMemoryBytes()));
            }
            if (last.epoch() > 1) {
                add(facts, "epoch", Integer.toString(last.epoch()));
            }
            if (last.skippedSteps() > 0) {
                add(facts, "skipped steps", Format.grouped(last.skippedSteps()) + " (gradient not finite)");
            }
            if (last.attempt() > 1) {
                add(facts, "resumed", last.attempt() == 2 ? "once" : (last.attempt() - 1) + " times");
            }
        });
        return facts;
    }

    private static String waiting(RunHistory history) {
        List<String> axes = new ArrayList<>();
        history.medianWaitShares().forEach((axis, share) -> axes.add(axis + " " + Format.percent(share)));
        return Format.percent(history.medianWaitShare()) + " (median; " + String.join(", ", axes) + ")";
    }

    private static void addExperts(List<RunSummary.Fact> facts, RouterHistory routers) {
        if (!routers.isEmpty()) {
            add(
                    facts,
                    "busiest expert",
                    Format.fixed(routers.lastWorst(), 2) + " (times the mean, worst layer; all layers "
                            + Format.fixed(routers.lastMean(), 2) + ")");
        }
        if (!Double.isNaN(routers.lastDropRate())) {
            add(facts, "dropped", Format.finePercent(routers.lastDropRate()) + " (of the choices of experts)");
        }
    }

    private static void addValidation(List<RunSummary.Fact> facts, RunHistory history) {
        if (history.valLoss().size() == 0) {
            return;
        }
        double last = history.lastValLoss();
        double best = history.bestValLoss();
        String text = Format.fixed(last, 4);
        add(facts, "validation loss", best < last ? text + " (best " + Format.fixed(best, 4) + ")" : text);
    }

    private static void add(List<RunSummary.Fact> facts, String label, String value) {
        facts.add(new RunSummary.Fact(label, value));
    }
}
