package dev.braid.trainer.train;

import dev.braid.models.Decoder;
import dev.braid.models.ModelConfig;
import dev.braid.tensor.Compute;
import dev.braid.tensor.DType;
import dev.braid.tensor.parameters.Layout;
import dev.braid.tensor.trace.Recorder;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The ranks of a run as training sees them, from one of them. All ranks make the same calls in the same order. Used by the rank's
 * thread.
 */
public interface RankGroup {
    /** A rank that trains alone. */
    RankGroup ALONE = new RankGroup() {
        @Override
        public int rank() {
            return 0;
        }

        @Override
        public int ranks() {
            return 1;
        }

        @Override
        public int dataRanks() {
            return 1;
        }

        @Override
        public int dataRank() {
            return 0;
        }

        @Override
        public boolean countsLosses() {
            return true;
        }

        @Override
        public Layout layout() {
            return Layout.SINGLE;
        }

        @Override
        public Optional<PipelineRank> pipeline() {
            return Optional.empty();
        }

        @Override
        public void sum(int[] values) {}

        @Override
        public void sumOverData(int[] values) {}

        @Override
        public byte[] broadcast(byte[] content) {
            return content;
        }

        @Override
        public List<byte[]> gather(byte[] content) {
            return List.of(content);
        }

        @Override
        public Map<String, Long> takeExposed() {
            return Map.of();
        }

        @Override
        public void record(Recorder recorder) {}

        @Override
        public String place() {
            return "the only rank";
        }
    };

    /** This one's number. Rank 0 speaks for all. */
    int rank();

    /** How many there are. */
    int ranks();

    /** Ranks that the sequences of a step are divided over. */
    int dataRanks();

    /** This one's place among them. */
    int dataRank();

    /**
     * Whether this rank answers for the losses that it computes: of the ranks that compute the same ones, one does. In a pipeline
     * only a rank that holds the model's last stage computes any.
     */
    boolean countsLosses();

    /** How the model is divided over the ranks. */
    Layout layout();

    /** This one's place in a pipeline, if there is one. */
    Optional<PipelineRank> pipeline();

    /** Allocates what this rank holds of a model. */
    default Decoder decoder(ModelConfig config, int vocabulary, Compute compute, DType dtype) {
        return pipeline()
                .map(place -> new Decoder(config, vocabulary, compute, dtype, layout(), place.split(), place.stages()))
                .orElseGet(() -> new Decoder(config, vocabulary, compute, dtype, layout()));
    }

    /** Replaces {@code values} by their sums over all ranks of the run. */
    void sum(int[] values);

    /**
     * Replaces {@code values} by their sums over the ranks that have the same part of the model for other sequences. Only these make
     * the call.
     */
    void sumOverData(int[] values);

    /** What rank 0 passes; what others pass does not matter. */
    byte[] broadcast(byte[] content);

    /** At rank 0 what each rank passes, in rank order; at the others nothing. */
    List<byte[]> gather(byte[] content);

    /** Nanoseconds that this rank has waited for others since the last call, by mesh axis. */
    Map<String, Long> takeExposed();

    /** Tells {@code recorder} of every wait and every collective of this rank from now on; {@link Recorder#NONE} ends that. */
    void record(Recorder recorder);

    /** Where this rank stands in its mesh, for a person: {@code replicate 1, shard 0}. */
    String place();

    /** True at all ranks when it is at one of them. */
    default boolean any(boolean here) {
        int[] count = {here ? 1 : 0};
        sum(count);
        return count[0] > 0;
    }
}
