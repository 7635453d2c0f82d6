package dev.braid.trainer.action;

import dev.braid.data.DataException;
import dev.braid.data.DataLocation;
import dev.braid.data.DataPreparation;
import dev.braid.data.PreparedData;
import dev.braid.data.ProgressListener;
import dev.braid.data.RecallConfig;
import dev.braid.data.TextConfig;
import dev.braid.parallelism.mesh.Mesh;
import dev.braid.trainer.config.Experiment;
import dev.braid.trainer.report.StatusLine;
import dev.braid.trainer.report.WorkProgress;
import dev.braid.trainer.spark.SparkPlan;
import dev.braid.trainer.spark.SparkSettings;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;

/** The data of an experiment: text that is used again when it is prepared, else prepared by Spark with progress; or generated. */
final class DataStage {
    private final Experiment experiment;
    private final StatusLine status;

    DataStage(Experiment experiment, StatusLine status) {
        this.experiment = experiment;
        this.status = status;
    }

    /** Where prepared data lies: beside the runs, so that runs with the same data share it. */
    String cache() {
        return Path.of(experiment.output())
                .toAbsolutePath()
                .resolveSibling(".data")
                .toString();
    }

    /** The data, prepared now if it is not there. */
    RunData prepare(SparkSession spark) {
        return switch (experiment.data()) {
            case TextConfig text -> new TextData(prepare(text, spark));
            case RecallConfig recall -> new RecallData(recall, experiment.sequence());
        };
    }

    /** As {@link #prepare}, with a Spark session that is only started when it is needed. */
    RunData prepareAlone(Optional<String> master) throws IOException {
        return switch (experiment.data()) {
            case TextConfig text -> new TextData(prepareAlone(text, master));
            case RecallConfig recall -> new RecallData(recall, experiment.sequence());
        };
    }

    /**
     * The data at a rank.
     *
     * @param folder where it was prepared; empty for what is generated
     */
    static RunData open(Experiment experiment, String folder) {
        return switch (experiment.data()) {
            case TextConfig text ->
                new TextData(PreparedData.open(
                        new DataLocation(folder, experiment.sequence(), text.weights()), new Configuration()));
            case RecallConfig recall -> new RecallData(recall, experiment.sequence());
        };
    }

    private PreparedData prepareAlone(TextConfig text, Optional<String> master) throws IOException {
        Optional<PreparedData> ready = DataPreparation.reuse(text, experiment.sequence(), cache(), new Configuration());
        if (ready.isPresent()) {
            return checked(ready.get());
        }
        SparkPlan plan = SparkPlan.of(new SparkSettings("data " + experiment.name(), master, Mesh.SINGLE, Map.of()));
        try (SparkSession spark = plan.open()) {
            return prepare(text, spark);
        }
    }

    private PreparedData prepare(TextConfig text, SparkSession spark) {
        JavaSparkContext context = JavaSparkContext.fromSparkContext(spark.sparkContext());
        Listener listener = new Listener(status);
        PreparedData data = DataPreparation.prepare(context, text, experiment.sequence(), cache(), listener);
        listener.done();
        return checked(data);
    }

    private PreparedData checked(PreparedData data) {
        try {
            experiment.checkVocabulary(data.tokenizer().size());
        } catch (IllegalArgumentException mismatch) {
            data.close();
            throw new DataException(mismatch.getMessage(), mismatch);
        }
        return data;
    }

    /** Hears of one preparation; each phase ends with a line of what it did. */
    private static final class Listener implements ProgressListener {
        private final StatusLine status;
        private Phase phase;
        private WorkProgress work;
        private Progress last;

        Listener(StatusLine status) {
            this.status = status;
        }

        @Override
        public synchronized void progress(Progress progress) {
            if (progress.phase() != phase) {
                done();
                phase = progress.phase();
                String unit = phase == Phase.MERGE ? "merges" : "documents";
                work = new WorkProgress(status, phase.text(), unit, System::nanoTime);
            }
            last = progress;
            OptionalLong total = progress.fraction() > 0
                    ? OptionalLong.of(Math.round(progress.bytes() / progress.fraction()))
                    : OptionalLong.empty();
            work.update(last.documents(), last.bytes(), total);
        }

        synchronized void done() {
            if (work != null) {
                work.done(last.documents(), last.bytes());
                work = null;
            }
        }
    }
}
