package dev.braid.trainer.train;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Map;

/** What a rank tells the driver while it trains; travels as one line of JSON. */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "event")
@JsonSubTypes({
    @JsonSubTypes.Type(value = TrainingEvent.Started.class, name = "started"),
    @JsonSubTypes.Type(value = TrainingEvent.Stepped.class, name = "step"),
    @JsonSubTypes.Type(value = TrainingEvent.Saved.class, name = "saved"),
    @JsonSubTypes.Type(value = TrainingEvent.Sampled.class, name = "sampled"),
    @JsonSubTypes.Type(value = TrainingEvent.Pipelined.class, name = "pipelined"),
    @JsonSubTypes.Type(value = TrainingEvent.Note.class, name = "note")
})
public sealed interface TrainingEvent {
    /**
     * The rank is ready to train.
     *
     * @param step steps already done: 0, or those of the checkpoint that was resumed
     * @param parameters trained elements of the model
     * @param activeParameters those that a token uses on average: fewer where there are experts
     * @param peakFlopsPerSecond measured peak of matrix products in the compute dtype, of all ranks together
     * @param engine which engines take the products, for people
     * @param cores of the rank
     */
    record Started(
            long step, long parameters, long activeParameters, double peakFlopsPerSecond, String engine, int cores)
            implements TrainingEvent {}

    /**
     * A step is complete.
     *
     * @param step from 1
     * @param valLoss NaN when not evaluated after this step
     * @param valAccuracy part of the answers that were right; NaN when not evaluated, or when the data has no answers
     * @param modelFlopsPerSecond by {@link dev.braid.models.Decoder#flopsPerToken}
     * @param peakMemoryBytes most bytes of tensors alive at one time so far
     * @param epoch from 0, of the step's last sample
     * @param seconds of training so far, all attempts
     * @param stepSeconds of this step
     * @param exposedSeconds of this step in which rank 0 waited for other ranks, by mesh axis; empty for a rank alone
     * @param mtpLosses of the modules of multi-token prediction; empty for a model without
     * @param routers what the routers did, by layer; empty for a model without any
     */
    record Stepped(
            long step,
            double loss,
            double gradientNorm,
            double learningRate,
            double tokensPerSecond,
            long tokens,
            double valLoss,
            double valAccuracy,
            double modelFlopsPerSecond,
            long peakMemoryBytes,
            boolean skipped,
            long skippedSteps,
            long epoch,
            double seconds,
            double stepSeconds,
            Map<String, Double> exposedSeconds,
            List<Double> mtpLosses,
            List<RouterLoad> routers)
            implements TrainingEvent {}

    /** A checkpoint is complete on the disk. */
    record Saved(long step, String folder, double seconds) implements TrainingEvent {}

    /** Text of the trained model. */
    record Sampled(String prompt, String continuation) implements TrainingEvent {}

    /**
     * When the actions of a traced step ran in the pipeline that rank 0 belongs to.
     *
     * @param ranks of that pipeline, as {@link dev.braid.parallelism.pipeline.MeasuredStep#encode} writes them
     */
    record Pipelined(long step, List<byte[]> ranks) implements TrainingEvent {}

    /** Something a person should read. */
    record Note(String text) implements TrainingEvent {}

    /** How a rank's training ended; the driver's result. */
    record Ended(long step, boolean stopped, Map<String, Long> liveBytes, long peakBytes) {}

    /** One line of JSON. */
    default String toJson() {
        try {
            return new ObjectMapper().writeValueAsString(this);
        } catch (JsonProcessingException impossible) {
            throw new UncheckedIOException(impossible);
        }
    }

    /** Reads what {@link #toJson} wrote. */
    static TrainingEvent fromJson(String json) {
        try {
            return new ObjectMapper().readValue(json, TrainingEvent.class);
        } catch (JsonProcessingException malformed) {
            throw new IllegalArgumentException("not an event of a rank: " + json, malformed);
        }
    }
}
