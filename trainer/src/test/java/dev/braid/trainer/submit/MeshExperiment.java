package dev.braid.trainer.submit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.braid.checkpoint.Checkpoints;
import dev.braid.trainer.Bits;
import dev.braid.trainer.action.Commands;
import dev.braid.trainer.action.TinyExperiment;
import dev.braid.trainer.config.Experiment;
import dev.braid.trainer.plan.Plan;
import dev.braid.trainer.plan.PlanInput;
import dev.braid.trainer.report.MetricsReader;
import dev.braid.trainer.report.StepRecord;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;

/** A small model in f32 that every layout of four ranks takes, and its runs in this JVM to compare with. */
final class MeshExperiment {
    private static final int COMPARED = 20;

    /** Bytes, and the end of a text. */
    private static final int VOCABULARY = 257;

    private final TinyExperiment tiny;
    private final int steps;

    MeshExperiment(Path folder, int steps) throws IOException {
        this.tiny = new TinyExperiment(folder);
        this.steps = steps;
    }

    /**
     * The arguments of {@code braid train}.
     *
     * @param run its name
     * @param layout such as {@code replicate: 2, shard: 2}
     * @param more overrides, such as {@code batch.sequences=8}
     */
    String[] train(String run, String layout, String... more) {
        List<String> arguments = new ArrayList<>(List.of("train", tiny.config().toString()));
        List<String> overrides = new ArrayList<>(List.of(
                "output=" + tiny.run(run),
                "parallel={" + layout + "}",
                "train={steps: " + steps + ", validate_every: 5}",
                "batch={sequences: 4, microbatch: 1}",
                "data.validation=0.02",
                "precision.compute=f32"));
        overrides.addAll(List.of(more));
        overrides.forEach(override -> arguments.addAll(List.of("-s", override)));
        return arguments.toArray(String[]::new);
    }

    /** Trains in this JVM, with a thread for each rank. */
    void trainHere(String run, String layout, int ranks, String... more) {
        List<Object> arguments = new ArrayList<>(List.of((Object[]) train(run, layout, more)));
        arguments.addAll(List.of("--master", "local[" + ranks + "]"));
        Commands.Outcome outcome = Commands.run(arguments.toArray());
        assertThat(outcome.exit()).as(outcome.err()).isZero();
    }

    /** What {@code braid plan} knows of a run with these arguments of {@code braid train}. */
    static Plan plan(String... train) {
        List<String> overrides =
                Arrays.stream(train).skip(2).filter(word -> !word.equals("-s")).toList();
        return Plan.of(PlanInput.of(Experiment.read(Path.of(train[1]), overrides), VOCABULARY, 1));
    }

    /** The collectives of a group in the step that a run has traced, by rank and in the order of their starts. */
    Map<Integer, List<TracedCollective>> traced(String run, int step, String group) throws IOException {
        return TracedCollective.read(tiny.run(run).resolve("trace-step-" + step + ".json"), group);
    }

    /** Where a run's steps are written. */
    Path metrics(String run) {
        return tiny.run(run).resolve("metrics.jsonl");
    }

    /** Folder of a run's checkpoints. */
    Path checkpoints(String run) {
        return tiny.run(run).resolve("checkpoints");
    }

    /** Steps of a run's complete checkpoints, the newest first. */
    List<Long> saved(String run) throws IOException {
        return Checkpoints.in(checkpoints(run)).steps();
    }

    /** What a run has written of its steps, which are all there. */
    List<StepRecord> records(String run) throws IOException {
        List<StepRecord> records = MetricsReader.read(metrics(run));
        assertThat(records)
                .extracting(StepRecord::step)
                .as("steps of %s, in order and once", run)
                .containsExactlyElementsOf(
                        LongStream.rangeClosed(1, steps).boxed().toList());
        return records;
    }

    /**
     * The first twenty steps of {@code run} have, within 1e-6 of it, the loss of the same step of {@code expected}; so have
     * validations. Later the order of sums, which differs between layouts, tells.
     */
    void assertClose(String run, String expected) throws IOException {
        assertClose(run, expected, 1e-6);
    }

    /** The same with another relative tolerance. */
    void assertClose(String run, String expected, double tolerance) throws IOException {
        List<StepRecord> wanted = records(expected);
        for (StepRecord record : records(run).subList(0, COMPARED)) {
            StepRecord other = wanted.get((int) record.step() - 1);
            assertThat(record.loss())
                    .as("loss of step %d of %s", record.step(), run)
                    .isCloseTo(other.loss(), within(tolerance * other.loss()));
            assertThat(record.valLoss().isPresent()).isEqualTo(record.step() % 5 == 0);
            if (record.valLoss().isPresent()) {
                double validation = other.valLoss().getAsDouble();
                assertThat(record.valLoss().getAsDouble()).isCloseTo(validation, within(tolerance * validation));
            }
        }
    }

    /** Every step has the very loss, and the last checkpoint the very bits. */
    void assertSame(String run, String expected) throws IOException {
        assertThat(records(run))
                .extracting(StepRecord::loss)
                .isEqualTo(records(expected).stream().map(StepRecord::loss).toList());
        Bits.assertSame(tiny.tensors(run), tiny.tensors(expected));
    }
}
