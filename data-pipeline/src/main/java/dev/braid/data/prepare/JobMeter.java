package dev.braid.data.prepare;

import dev.braid.data.DataException;
import dev.braid.data.ProgressListener;
import dev.braid.data.ProgressListener.Phase;
import dev.braid.data.ProgressListener.Progress;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerJobStart;
import org.apache.spark.scheduler.SparkListenerTaskEnd;
import org.apache.spark.util.CollectionAccumulator;
import org.apache.spark.util.LongAccumulator;

/**
 * Follows the Spark jobs that the calling thread runs while the meter is open, reports progress, and cancels them at the first fault
 * of the input.
 */
final class JobMeter extends SparkListener implements AutoCloseable {
    private static final String GROUP = "spark.jobGroup.id";

    private final JavaSparkContext spark;
    private final Phase phase;
    private final ProgressListener listener;
    private final String group = "braid-data-" + UUID.randomUUID();
    private final Counters counters;
    private final long started = System.nanoTime();
    private final Set<Integer> stages = new HashSet<>();
    private int tasks;
    private int done;
    private boolean cancelled;
    private double reported;

    /** What tasks report; travels to the executors. */
    record Counters(LongAccumulator documents, LongAccumulator bytes, CollectionAccumulator<String> faults)
            implements Serializable {
        void add(long moreDocuments, long moreBytes) {
            documents.add(moreDocuments);
            bytes.add(moreBytes);
        }

        void addFault(String message) {
            faults.add(message);
        }
    }

    JobMeter(JavaSparkContext spark, Phase phase, ProgressListener listener) {
        this.spark = spark;
        this.phase = phase;
        this.listener = listener;
        this.counters = new Counters(
                spark.sc().longAccumulator(),
                spark.sc().longAccumulator(),
                spark.sc().collectionAccumulator());
        spark.sc().addSparkListener(this);
        spark.setJobGroup(group, "data: " + phase.text(), true);
    }

    Counters counters() {
        return counters;
    }

    @Override
    public synchronized void onJobStart(SparkListenerJobStart event) {
        if (event.properties() != null && group.equals(event.properties().getProperty(GROUP))) {
            event.stageInfos().foreach(stage -> {
                tasks += stages.add(stage.stageId()) ? stage.numTasks() : 0;
                return null;
            });
        }
    }

    @Override
    public synchronized void onTaskEnd(SparkListenerTaskEnd event) {
        if (!stages.contains(event.stageId())) {
            return;
        }
        done = Math.min(tasks, done + 1);
        report((double) done / tasks);
        if (!cancelled && done < tasks && !counters.faults.isZero()) {
            cancelled = true;
            spark.sc().cancelJobGroup(group);
        }
    }

    /** A second job of the phase adds tasks, which must not turn the bar back. */
    private void report(double doneNow) {
        reported = Math.max(reported, doneNow);
        double fraction = reported;
        double seconds = (System.nanoTime() - started) * 1e-9;
        listener.progress(new Progress(
                phase,
                counters.documents.value(),
                counters.bytes.value(),
                fraction,
                counters.bytes.value() / Math.max(seconds, 1e-9),
                seconds * (1 - fraction) / Math.max(fraction, 1e-9)));
    }

    /** Throws the faults that tasks have reported. */
    void throwFaults() {
        List<String> faults = new ArrayList<>(counters.faults.value());
        if (!faults.isEmpty()) {
            faults.sort(null);
            String more = faults.size() == 1 ? "" : " (and " + (faults.size() - 1) + " more like it)";
            throw new DataException(faults.get(0) + more);
        }
    }

    /** Stops following, after a last report. */
    @Override
    public synchronized void close() {
        spark.clearJobGroup();
        spark.sc().removeSparkListener(this);
        stages.clear();
        if (counters.faults.isZero()) {
            report(1);
        }
    }
}
