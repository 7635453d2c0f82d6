package dev.braid.trainer.cli;

import dev.braid.parallelism.Algorithm;
import dev.braid.trainer.bench.CommPlan;
import dev.braid.trainer.config.Experiment;
import dev.braid.trainer.report.Curve;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;

/**
 * What the commands do. Arguments are checked as far as they can be without looking at files. Each is called at most once, on the
 * main thread. {@code IllegalArgumentException} means that the input was wrong (exit code 2), any other exception that the run
 * failed (1); its message is all that a user sees, so that {@link RunFailedException} carries a sentence for them.
 */
public interface Actions {
    /**
     * @param master Spark's master; empty for one that fits the ranks
     * @param json one JSON object a step instead of the progress line
     */
    record Train(Experiment experiment, Optional<String> master, boolean json) {}

    /** @param master as in {@link Train} */
    record Prepare(Experiment experiment, Optional<String> master, boolean json) {}

    /**
     * @param master as in {@link Train}
     * @param steps batches to show; empty for a few samples
     * @param out where to write the exact batches as safetensors; empty to print them as text
     */
    record Show(Experiment experiment, Optional<String> master, OptionalInt steps, Optional<Path> out, boolean json) {}

    /**
     * @param checkpoint a checkpoint, or a run, of which the newest checkpoint is meant
     * @param out the Hugging Face folder to write
     * @param json the result as one JSON object
     */
    record Export(Path checkpoint, Path out, boolean json) {}

    /**
     * @param folder a Hugging Face folder
     * @param out the checkpoint to write
     * @param json the result as one JSON object
     */
    record Import(Path folder, Path out, boolean json) {}

    /**
     * @param checkpoint as in {@link Export}
     * @param tokens a safetensors file with {@code input_ids} [N, T]
     * @param out the safetensors file to write: {@code logprobs} [N, T-1]
     * @param logits whether to write {@code logits} [N, T, V] too
     * @param json the result as one JSON object
     */
    record Score(Path checkpoint, Path tokens, Path out, boolean logits, boolean json) {}

    /**
     * @param checkpoint as in {@link Export}
     * @param tokens most tokens to write
     * @param temperature divides the logits; 0 takes the likeliest token
     * @param topP draws from the likeliest tokens that together have this probability
     * @param json the result as one JSON object
     */
    record Sample(
            Path checkpoint, String prompt, int tokens, double temperature, double topP, long seed, boolean json) {}

    /**
     * @param steps steps to measure
     * @param warmUp how long to warm up at least
     * @param profile whether to print where the time goes, by operation
     * @param trace where to write what every rank does in one more step
     * @param json the result as one JSON object
     */
    record Bench(
            Experiment experiment, int steps, Duration warmUp, boolean profile, Optional<Path> trace, boolean json) {}

    /**
     * @param ranks how many
     * @param processes whether each rank is a JVM of its own on this host, and not a thread of this one
     * @param plan what is measured
     * @param transports one after the other
     * @param preflight whether to print every check and the cost model, not only what is wrong
     * @param json one JSON object a result
     */
    record BenchComm(
            int ranks,
            boolean processes,
            CommPlan plan,
            List<String> transports,
            Algorithm algorithm,
            boolean preflight,
            boolean json) {}

    /**
     * @param memory bytes that the tensors of a rank may use; empty when nothing is to be compared
     * @param cores of a rank; empty for its share of this machine's
     * @param rate FLOP/s that a rank keeps up; empty when no time is to be told
     * @param compare whether to table all schedules of the pipeline
     * @param json the result as one JSON object
     */
    record Plan(
            Experiment experiment,
            OptionalLong memory,
            OptionalInt cores,
            OptionalInt hostRanks,
            OptionalDouble rate,
            boolean compare,
            boolean json) {}

    /**
     * Times of one full stage and one micro-batch, in any unit.
     *
     * @param forward time of a forward
     * @param input time of the gradient of the stage's input
     * @param weight time of the gradient of its weights
     * @param communication time from rank to rank
     */
    record ActionTimes(double forward, double input, double weight, double communication) {}

    /**
     * @param name of the schedule, or a file with one
     * @param ranks empty where a file says it
     * @param microbatches empty where a file says it
     * @param virtualStages stages a rank; empty for the schedule's own
     * @param kept part of a stage's activations that is held from I to W
     * @param memoryLimit most activations of a rank in units of one full stage and micro-batch; empty for what the schedule's name
     *     says
     * @param save where to write the schedule as text
     * @param svg where to write the drawing
     * @param other a schedule to name the differences from instead, by name or file
     * @param json the result as one JSON object
     */
    record ShowSchedule(
            String name,
            OptionalInt ranks,
            OptionalInt microbatches,
            OptionalInt virtualStages,
            ActionTimes times,
            double kept,
            OptionalDouble memoryLimit,
            Optional<Path> save,
            Optional<Path> svg,
            Optional<String> other,
            boolean json) {
        /** The same of another schedule. */
        public ShowSchedule of(String otherName, OptionalInt otherRanks, OptionalInt otherMicrobatches) {
            return new ShowSchedule(
                    otherName,
                    otherRanks,
                    otherMicrobatches,
                    virtualStages,
                    times,
                    kept,
                    memoryLimit,
                    save,
                    svg,
                    other,
                    json);
        }
    }

    /**
     * @param runs folders of runs, in the order of the table
     * @param svg where to write the picture
     * @param curve what it shows; what the runs have when not given
     * @param loads where to write that of the experts' load
     * @param json the table as one JSON array
     */
    record Compare(List<Path> runs, Optional<Path> svg, Optional<Curve> curve, Optional<Path> loads, boolean json) {
        public Compare {
            runs = List.copyOf(runs);
        }
    }

    /** {@code braid train}: prepares what is missing, trains or resumes, and saves. */
    void train(Train request) throws IOException, InterruptedException;

    /** {@code braid data prepare}: tokenizer and token shards. */
    void prepareData(Prepare request) throws IOException, InterruptedException;

    /** {@code braid data show}: the mixture and samples, or exact batches. */
    void showData(Show request) throws IOException, InterruptedException;

    /** {@code braid export}: a folder that transformers loads. */
    void exportModel(Export request) throws IOException, InterruptedException;

    /** {@code braid import}: a checkpoint made of such a folder. */
    void importModel(Import request) throws IOException, InterruptedException;

    /** {@code braid score}: what the model thinks of given tokens. */
    void score(Score request) throws IOException, InterruptedException;

    /** {@code braid sample}: text from the model. */
    void sample(Sample request) throws IOException, InterruptedException;

    /** {@code braid bench train}: the speed of a training step. */
    void benchTrain(Bench request) throws IOException, InterruptedException;

    /** {@code braid bench comm}: latency and bandwidth of collectives. */
    void benchComm(BenchComm request) throws IOException, InterruptedException;

    /** {@code braid plan}: memory, traffic and arithmetic of a run. */
    void plan(Plan request) throws IOException, InterruptedException;

    /** {@code braid compare}: what runs came to, side by side. */
    void compareRuns(Compare request) throws IOException, InterruptedException;

    /** {@code braid schedule}: the orders of a pipeline schedule, its drawing, times and memory. */
    void showSchedule(ShowSchedule request) throws IOException, InterruptedException;
}
