package dev.braid.trainer.train;

import dev.braid.tensor.Compute;
import dev.braid.tensor.trace.Recorder;
import dev.braid.tensor.trace.Timeline;
import dev.braid.trainer.trace.RankTrace;
import dev.braid.trainer.trace.TraceFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * Records what all ranks do in a step, and leaves it in one file. All ranks make the same calls. Outside of {@link #begin} and
 * {@link #end} nothing is recorded. Used by the rank's thread.
 */
final class StepTrace {
    /** Spans of all ranks together, about 130 bytes each: beyond that viewers in a browser give up. */
    private static final int MOST_SPANS = 4_000_000;

    private static final int MOST_SPANS_A_RANK = 400_000;
    private static final int FEWEST_SPANS_A_RANK = 2_000;

    /** The picture begins so long before rank 0 does, as other hosts' clocks may be behind and no time may be negative. */
    private static final long CLOCK_SLACK = TimeUnit.SECONDS.toNanos(60);

    private final TrainStep step;
    private final Compute compute;
    private final RankGroup ranks;
    private Timeline timeline = new Timeline(0);
    private long shift;

    /** Of the steps of {@code step}, which runs on {@code compute} and with {@code ranks}. */
    StepTrace(TrainStep step, Compute compute, RankGroup ranks) {
        this.step = step;
        this.compute = compute;
        this.ranks = ranks;
    }

    /** Records from here on. */
    void begin() {
        // Of one host, nanoTime would do; between hosts only the time of day can be compared.
        long anchor = System.nanoTime();
        Instant now = Instant.now();
        long epochNanos = TimeUnit.SECONDS.toNanos(now.getEpochSecond()) + now.getNano();
        byte[] mine = ByteBuffer.allocate(Long.BYTES).putLong(epochNanos).array();
        long origin = ByteBuffer.wrap(ranks.broadcast(mine)).getLong() - CLOCK_SLACK;
        shift = epochNanos - anchor - origin;
        timeline = new Timeline(Math.clamp(MOST_SPANS / ranks.ranks(), FEWEST_SPANS_A_RANK, MOST_SPANS_A_RANK));
        tell(timeline);
    }

    /** What this rank's {@link System#nanoTime} is behind the common clock of the ranks. */
    long shift() {
        return shift;
    }

    /**
     * Records no longer, and writes what was recorded: each rank its part, rank 0 the whole. What can't be written fails nothing.
     *
     * @param title of the trace
     * @return at rank 0, what has come of it, for a person
     */
    String end(String title, Path file) {
        tell(Recorder.NONE);
        TraceFile trace = new TraceFile(file);
        RankTrace mine = new RankTrace(
                ranks.rank(), ranks.place(), timeline.spans(System.nanoTime()), shift, timeline.dropped());
        timeline = new Timeline(0);
        List<byte[]> faults = ranks.gather(writePart(trace, mine).getBytes(StandardCharsets.UTF_8));
        return ranks.rank() == 0 ? merge(trace, title, faults) : "";
    }

    private void tell(Recorder recorder) {
        step.record(recorder);
        compute.profile().record(recorder);
        ranks.record(recorder);
    }

    /** What went wrong; empty when nothing did. */
    private static String writePart(TraceFile trace, RankTrace mine) {
        try {
            trace.writePart(mine);
            return "";
        } catch (IOException failure) {
            return failure.toString();
        }
    }

    private String merge(TraceFile trace, String title, List<byte[]> faults) {
        List<String> wrong = new ArrayList<>();
        for (int rank = 0; rank < faults.size(); rank++) {
            if (faults.get(rank).length > 0) {
                wrong.add("rank " + rank + ": " + new String(faults.get(rank), StandardCharsets.UTF_8));
            }
        }
        try {
            List<Integer> missing = trace.merge(title, ranks.ranks());
            if (wrong.isEmpty() && !missing.isEmpty()) {
                wrong.add("nothing of ranks " + missing + " is there; do all ranks write to the same folder?");
            }
        } catch (IOException failure) {
            wrong.add("rank 0: " + failure);
        }
        return wrong.isEmpty()
                ? "trace of " + title + ": " + trace.path() + " (open it in ui.perfetto.dev)"
                : "the trace of " + title + " is not complete in " + trace.path() + ": " + String.join("; ", wrong);
    }
}
