package dev.braid.trainer.report;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/** The steps of a run as curves, for the reports. Some 50 bytes a step. One thread. */
public final class RunHistory {
    private final Series loss = new Series();
    private final Series valLoss = new Series();
    private final Series valAccuracy = new Series();
    private final Series gradNorm = new Series();
    private final Series lr = new Series();
    private final Series tokensPerSecond = new Series();
    private final Series peakShare = new Series();
    private final Series waitShare = new Series();
    private final Series waits = new Series();
    private final Map<String, Series> waitShares = new TreeMap<>();
    private final Series resumes = new Series();
    private final RouterHistory routers = new RouterHistory();
    private StepRecord last;

    /** Reads a {@code metrics.jsonl}; throws as {@link MetricsReader#forEach} does. */
    public static RunHistory read(Path metrics) throws IOException {
        RunHistory history = new RunHistory();
        MetricsReader.forEach(metrics, history::add);
        return history;
    }

    /** Adds the next step. */
    public void add(StepRecord record) {
        double step = record.step();
        loss.add(step, record.loss());
        record.valLoss().ifPresent(value -> valLoss.add(step, value));
        record.valAccuracy().ifPresent(value -> valAccuracy.add(step, value));
        gradNorm.add(step, record.gradNorm());
        lr.add(step, record.lr());
        tokensPerSecond.add(step, record.tokensPerSecond());
        record.peakShare().ifPresent(value -> peakShare.add(step, value));
        // A rank alone waits for nobody; so every step has its place in the curve, also where the mesh has changed.
        waitShare.add(step, record.waits().unknown() ? 0 : record.waits().share());
        if (!record.waits().unknown()) {
            waits.add(step, record.waits().share());
            for (String axis : record.waits().seconds().keySet()) {
                waitShares
                        .computeIfAbsent(axis, name -> new Series())
                        .add(step, record.waits().share(axis));
            }
        }
        if (last != null && record.attempt() > last.attempt()) {
            resumes.add(step, record.attempt());
        }
        routers.add(step, record.routers());
        last = record;
    }

    /** The last step, if there is one. */
    public Optional<StepRecord> last() {
        return Optional.ofNullable(last);
    }

    /** The validation loss that was evaluated last, or NaN. */
    public double lastValLoss() {
        return valLoss.size() == 0 ? Double.NaN : valLoss.value(valLoss.size() - 1);
    }

    /** The smallest validation loss, or NaN. */
    public double bestValLoss() {
        return valLoss.min();
    }

    /** The part of the answers that was right when it was evaluated last, or NaN. */
    public double lastValAccuracy() {
        return valAccuracy.size() == 0 ? Double.NaN : valAccuracy.value(valAccuracy.size() - 1);
    }

    /** The median over all steps, or NaN. */
    public double medianTokensPerSecond() {
        return tokensPerSecond.median();
    }

    /** The median share of the measured matmul peak, or NaN. */
    public double medianPeakShare() {
        return peakShare.median();
    }

    /** The median share of a step in which rank 0 waited for others, of the steps of several ranks; NaN when there are none. */
    public double medianWaitShare() {
        return waits.median();
    }

    /** As {@link #medianWaitShare}, by mesh axis; empty for a rank alone. */
    public SortedMap<String, Double> medianWaitShares() {
        SortedMap<String, Double> medians = new TreeMap<>();
        waitShares.forEach((axis, shares) -> medians.put(axis, shares.median()));
        return medians;
    }

    /** What the routers did; empty for a model without any. */
    public RouterHistory routers() {
        return routers;
    }

    /** Which part of each step was waiting. */
    Series waitShare() {
        return waitShare;
    }

    Series loss() {
        return loss;
    }

    Series valLoss() {
        return valLoss;
    }

    Series valAccuracy() {
        return valAccuracy;
    }

    Series gradNorm() {
        return gradNorm;
    }

    Series lr() {
        return lr;
    }

    Series tokensPerSecond() {
        return tokensPerSecond;
    }

    /** The first step of each attempt but the first; the values are the attempts' numbers. */
    Series resumes() {
        return resumes;
    }
}
