package dev.braid.trainer.report;

import java.util.OptionalDouble;
import java.util.function.LongSupplier;
import java.util.stream.Collectors;

/**
 * Shows the steps of a run as they complete. On a terminal one line with a bar is rewritten; elsewhere lines are written for
 * the first steps, then every ten seconds, at validations and at the end. Any thread may call.
 */
public final class TrainingProgress {
    private static final long PLAIN_INTERVAL_NANOS = 10_000_000_000L;
    private static final long REDRAW_INTERVAL_NANOS = 50_000_000L;
    private static final int FIRST_STEPS = 5;
    private static final int SKIPS_TOLD = 5;
    private static final int SKIPS_BETWEEN = 100;
    private static final double UNEVEN = 3;

    private final StatusLine out;
    private final long totalSteps;
    private final LongSupplier nanoClock;
    private final StepTimes times = new StepTimes();
    private int epoch;
    private long seen;
    private long shownAt;

    /**
     * @param totalSteps the step that ends the run
     * @param epoch that the run starts or resumes in, from 1
     * @param nanoClock {@code System::nanoTime}
     */
    public TrainingProgress(StatusLine out, long totalSteps, int epoch, LongSupplier nanoClock) {
        this.out = out;
        this.totalSteps = totalSteps;
        this.epoch = epoch;
        this.nanoClock = nanoClock;
    }

    /** Shows a completed step, and tells when it was skipped, was validated, or began a new epoch. */
    public synchronized void step(StepRecord record) {
        seen++;
        times.ended(record.seconds());
        if (record.epoch() > epoch) {
            epoch = record.epoch();
            out.line("epoch " + epoch + " begins: all training data has been read, it comes again in a new order");
        }
        if (record.skipped() && isSkipTold(record.skippedSteps())) {
            out.line(skip(record));
        }
        boolean last = record.step() >= totalSteps;
        long now = nanoClock.getAsLong();
        if (out.display().terminal()) {
            onTerminal(record, now, last);
        } else if (seen <= FIRST_STEPS
                || record.valLoss().isPresent()
                || last
                || now - shownAt >= PLAIN_INTERVAL_NANOS) {
            shownAt = now;
            out.line(segments(record).all());
        }
    }

    /** Writes a line of its own, such as where a checkpoint was saved. */
    public void message(String text) {
        out.line(text);
    }

    private void onTerminal(StepRecord record, long now, boolean last) {
        if (record.valLoss().isPresent()) {
            String loss = Format.fixed(record.valLoss().getAsDouble(), 3);
            String accuracy = record.valAccuracy().isPresent()
                    ? ", " + Format.finePercent(record.valAccuracy().getAsDouble()) + " right"
                    : "";
            out.line("step " + record.step() + "/" + totalSteps + "  validation loss " + loss + accuracy);
        }
        if (seen == 1 || last || now - shownAt >= REDRAW_INTERVAL_NANOS) {
            shownAt = now;
            out.status(segments(record).withBar((double) record.step() / totalSteps, out.display()));
        }
    }

    private Segments segments(StepRecord record) {
        return new Segments()
                .add(10, "step " + record.step() + "/" + totalSteps)
                .add(9, "loss " + Format.fixed(record.loss(), 3))
                .add(6, ahead(record))
                .add(6, validation(record))
                .add(6, accuracy(record))
                .add(4, "lr " + Format.scientific(record.lr()))
                .add(3, "grad " + Format.fixed(record.gradNorm(), 2))
                .add(7, Format.count(record.tokensPerSecond()) + " tok/s")
                .add(5, dropped(record))
                .add(5, uneven(record))
                .add(2, speed(record))
                .add(2, waiting(record))
                .add(1, record.peakMemoryBytes() > 0 ? Format.bytes(record.peakMemoryBytes()) : "")
                .add(0, "epoch " + record.epoch())
                .add(5, record.skippedSteps() > 0 ? record.skippedSteps() + " skipped" : "")
                .add(8, timeLeft(record));
    }

    private static String ahead(StepRecord record) {
        return record.mtpLosses().isEmpty()
                ? ""
                : "mtp "
                        + record.mtpLosses().stream()
                                .map(loss -> Format.fixed(loss, 3))
                                .collect(Collectors.joining(" "));
    }

    private static String validation(StepRecord record) {
        return record.valLoss().isPresent()
                ? "val " + Format.fixed(record.valLoss().getAsDouble(), 3)
                : "";
    }

    private static String accuracy(StepRecord record) {
        return record.valAccuracy().isPresent()
                ? Format.finePercent(record.valAccuracy().getAsDouble()) + " right"
                : "";
    }

    private static String speed(StepRecord record) {
        if (record.modelFlopsPerSecond() <= 0) {
            return "";
        }
        String flops = Format.flops(record.modelFlopsPerSecond());
        OptionalDouble share = record.peakShare();
        return share.isPresent() ? flops + " (" + Format.percent(share.getAsDouble()) + " of peak)" : flops;
    }

    /** Always told where experts have a capacity. */
    private static String dropped(StepRecord record) {
        OptionalDouble rate = RouterRecord.dropRate(record.routers());
        return rate.isPresent() ? Format.finePercent(rate.getAsDouble()) + " dropped" : "";
    }

    /** Told when the busiest expert of a layer has so many times the tokens of the mean that the others learn little. */
    private static String uneven(StepRecord record) {
        return RouterRecord.worst(record.routers())
                .filter(router -> router.maxOverMean() > UNEVEN)
                .map(router -> "experts of layer " + router.layer() + " uneven ("
                        + Format.fixed(router.maxOverMean(), 1) + "x)")
                .orElse("");
    }

    private static String waiting(StepRecord record) {
        return record.waits().unknown() ? "" : "wait " + record.waits().describe();
    }

    private String timeLeft(StepRecord record) {
        OptionalDouble median = times.median();
        long left = totalSteps - record.step();
        return median.isEmpty() || left <= 0 ? "" : Format.duration(median.getAsDouble() * left) + " left";
    }

    private static boolean isSkipTold(long skippedSteps) {
        return skippedSteps <= SKIPS_TOLD || skippedSteps % SKIPS_BETWEEN == 0;
    }

    private String skip(StepRecord record) {
        String cause = Double.isFinite(record.loss())
                ? "gradient norm is " + Format.fixed(record.gradNorm(), 2)
                : "loss is " + Format.fixed(record.loss(), 3);
        String text = "step " + record.step() + "/" + totalSteps + " skipped: its " + cause
                + ", so the weights stay as they are (" + record.skippedSteps() + " skipped so far)";
        return out.display().color() ? "\033[33m" + text + "\033[0m" : text;
    }
}
