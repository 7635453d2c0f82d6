package dev.braid.data.prepare;

import dev.braid.data.DataException;
import dev.braid.data.Mix;
import dev.braid.data.ProgressListener;
import dev.braid.data.ProgressListener.Phase;
import dev.braid.data.source.DocumentReader;
import dev.braid.data.source.DocumentUnit;
import dev.braid.data.source.Part;
import dev.braid.data.source.Part.FilePart;
import dev.braid.data.tokenizer.WordCounter;
import java.io.IOException;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.api.java.JavaPairRDD;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.storage.StorageLevel;
import scala.Tuple2;

/**
 * Runs tasks over units of documents on Spark. A fault of the input ends the job and becomes a {@link DataException}, without Spark's
 * retries and stack traces; a failure of the storage is left to Spark's retries.
 */
final class DocumentJobs {
    private static final long MOST_WORDS = 4_000_000;
    private static final int MOST_REDUCERS = 64;
    private static final int UNITS_A_REDUCER = 8;
    private static final int MEASURE_TASKS = 64;
    private static final long MEASURE_BYTES = 1_000_000;

    private final JavaSparkContext spark;
    private final HadoopSettings settings;
    private final ProgressListener listener;
    private final int slices;

    /** What a task does with a unit. */
    @FunctionalInterface
    interface UnitTask<R> extends Serializable {
        R run(DocumentUnit unit, DocumentReader reader, Configuration configuration) throws IOException;
    }

    /**
     * Jobs on a Spark context.
     *
     * @param slices number of Spark partitions; 0 for one a unit
     */
    DocumentJobs(JavaSparkContext spark, ProgressListener listener, int slices) {
        this.spark = spark;
        this.settings = new HadoopSettings(spark.hadoopConfiguration());
        this.listener = listener;
        this.slices = slices;
    }

    private int slices(int units) {
        return slices > 0 ? slices : Math.max(1, units);
    }

    /** Runs a task on every unit; results in the order of the units. */
    <R> List<R> run(Phase phase, List<DocumentUnit> units, UnitTask<R> task) {
        try (JobMeter meter = new JobMeter(spark, phase, listener)) {
            return guarded(meter, () -> results(units, task, meter.counters()).collect());
        }
    }

    private <R> JavaRDD<R> results(List<DocumentUnit> units, UnitTask<R> task, JobMeter.Counters counters) {
        HadoopSettings shared = settings;
        return spark.parallelize(units, slices(units.size()))
                .flatMap(unit ->
                        one(unit, task, shared.configuration(), counters).iterator());
    }

    private static <R> List<R> one(
            DocumentUnit unit, UnitTask<R> task, Configuration configuration, JobMeter.Counters counters)
            throws IOException {
        DocumentReader reader = new DocumentReader(configuration);
        try {
            R result = task.run(unit, reader, configuration);
            counters.add(reader.counts().documents(), reader.counts().bytes());
            return List.of(result);
        } catch (DataException fault) {
            counters.addFault(fault.getMessage());
            return List.of();
        }
    }

    /** A piece of work on Spark. */
    private interface Job<R> {
        R run();
    }

    /** Faults of the input come before what Spark says of the job that was cancelled because of them. */
    private static <R> R guarded(JobMeter meter, Job<R> job) {
        Optional<R> result = Optional.empty();
        Exception failure = null;
        try {
            result = Optional.of(job.run());
        } catch (Exception problem) { // Spark throws checked exceptions that it does not declare
            failure = problem;
        }
        meter.throwFaults();
        if (failure != null) {
            throw clear(failure);
        }
        return result.orElseThrow();
    }

    private static RuntimeException clear(Exception failure) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof IOException storage) {
                return new UncheckedIOException("preparing data failed: " + storage.getMessage(), storage);
            }
        }
        return failure instanceof RuntimeException unchecked
                ? unchecked
                : new IllegalStateException(failure.getMessage(), failure);
    }

    /** Bytes of clean text in each part, counted up to the limit. */
    long[] measure(int source, List<FilePart> parts, long limit) {
        long whole = parts.stream().mapToLong(Part::textBytes).sum();
        long target = Math.max(MEASURE_BYTES, whole / MEASURE_TASKS);
        List<DocumentUnit> units = new ArrayList<>();
        List<Part> open = new ArrayList<>();
        long openBytes = 0;
        for (FilePart part : parts) {
            open.add(part.limitedTo(limit));
            openBytes += part.textBytes();
            if (openBytes >= target) {
                units.add(new DocumentUnit(units.size(), source, open));
                open = new ArrayList<>();
                openBytes = 0;
            }
        }
        if (!open.isEmpty()) {
            units.add(new DocumentUnit(units.size(), source, open));
        }
        return run(Phase.MEASURE, units, DocumentJobs::measure).stream()
                .flatMap(List::stream)
                .mapToLong(Long::longValue)
                .toArray();
    }

    private static List<Long> measure(DocumentUnit unit, DocumentReader reader, Configuration configuration)
            throws IOException {
        List<Long> bytes = new ArrayList<>();
        for (Part part : unit.parts()) {
            long before = reader.counts().bytes();
            reader.read(part, (text, length) -> {});
            bytes.add(reader.counts().bytes() - before);
        }
        return bytes;
    }

    /**
     * Distinct words of the training documents with their counts.
     *
     * @param validation fraction of the documents that is left out
     */
    List<Tuple2<String, Long>> countWords(List<DocumentUnit> units, double validation) {
        try (JobMeter meter = new JobMeter(spark, Phase.COUNT, listener)) {
            JavaPairRDD<String, Long> words = results(units, countTask(validation), meter.counters())
                    .flatMapToPair(DocumentJobs::pairs)
                    .reduceByKey(Long::sum, Math.clamp(units.size() / UNITS_A_REDUCER, 1, MOST_REDUCERS))
                    .persist(StorageLevel.MEMORY_AND_DISK());
            try {
                return guarded(meter, () -> mostFrequent(words));
            } finally {
                words.unpersist();
            }
        }
    }

    private static UnitTask<WordCounter> countTask(double validation) {
        return (unit, reader, configuration) -> {
            WordCounter counter = new WordCounter();
            for (Part part : unit.parts()) {
                reader.read(part, (text, length) -> {
                    if (!isValidation(text, length, validation)) {
                        counter.add(text, length);
                    }
                });
            }
            return counter;
        };
    }

    private static Iterator<Tuple2<String, Long>> pairs(WordCounter counter) {
        List<Tuple2<String, Long>> pairs = new ArrayList<>();
        counter.forEach((word, count) -> pairs.add(new Tuple2<>(word, count)));
        return pairs.iterator();
    }

    /** All words, or without the rarest when they are too many for the driver. */
    private static List<Tuple2<String, Long>> mostFrequent(JavaPairRDD<String, Long> words) {
        JavaPairRDD<String, Long> kept = words;
        for (long least = 2; kept.count() > MOST_WORDS; least *= 2) {
            long threshold = least;
            kept = words.filter(word -> word._2() >= threshold);
        }
        return kept.collect();
    }

    /** Whether a document belongs to the validation split: decided by its text alone, so that copies stay together. */
    static boolean isValidation(byte[] text, int length, double fraction) {
        return (Mix.of(text, length) >>> 11) * 0x1p-53 < fraction;
    }
}
