package dev.braid.trainer.mesh;

import static org.assertj.core.api.Assertions.assertThat;

import dev.braid.trainer.train.TrainingEvent;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Whole runs through a pipeline: validation, checkpoints, and going on without it or with another one. */
class PipelineTrainingTest {
    private static final String[] KEYS = {
        "model.layers=5", "batch.microbatch=1", "train.steps=12", "train.validate_every=4"
    };

    @TempDir
    private Path folder;

    private MeshRun whole;
    private Map<Long, Double> uninterrupted;
    private Map<Long, Double> validations;

    @BeforeEach
    void trainWithoutAPipeline() throws Exception {
        whole = run("whole");
        uninterrupted = whole.trainTo("", 12);
        validations = validations(whole);
        assertThat(validations).hasSize(3);
    }

    private MeshRun run(String name, String... more) {
        List<String> keys = new java.util.ArrayList<>(List.of(KEYS));
        keys.addAll(List.of(more));
        return new MeshRun(folder.resolve(name), keys.toArray(String[]::new));
    }

    private static Map<Long, Double> validations(MeshRun run) {
        Map<Long, Double> losses = new TreeMap<>();
        for (TrainingEvent event : run.events()) {
            if (event instanceof TrainingEvent.Stepped stepped && !Double.isNaN(stepped.valLoss())) {
                losses.put(stepped.step(), stepped.valLoss());
            }
        }
        return losses;
    }

    /** The layer counts are uneven. */
    @Test
    void shouldValidateToTheSameBits() throws Exception {
        MeshRun run = run("validated", "pipeline={schedule: zb-v, layers: [0, 2, 2, 1]}");
        assertThat(run.trainTo("pipeline=2", 12)).isEqualTo(uninterrupted);
        assertThat(validations(run)).isEqualTo(validations);
    }

    /** Five sequences make micro-batches of 2, 2 and 1, of which the first replica has the first and the last. */
    @Test
    void shouldValidateOnReplicasWithAPartialMicrobatchToTheSameBits() throws Exception {
        MeshRun flat = run("flat", "batch.microbatch=2");
        Map<Long, Double> losses = flat.trainTo("replicate=2", 12);
        MeshRun run = run("replicas", "batch.microbatch=2", "pipeline.schedule=zb-h1");
        assertThat(run.trainTo("pipeline=2,replicate=2", 12)).isEqualTo(losses);
        assertThat(validations(run)).hasSize(3).isEqualTo(validations(flat));
    }

    @Test
    void shouldGoOnWithoutAPipelineAndWithAnother() throws Exception {
        Map<Long, Double> losses = new TreeMap<>();
        losses.putAll(run("moved", "pipeline.schedule=interleaved").trainTo("pipeline=2", 3));
        losses.putAll(run("moved").trainTo("", 5));
        losses.putAll(run("moved", "pipeline.schedule=zb-h1").trainTo("pipeline=4", 8));
        losses.putAll(run("moved", "pipeline.schedule=gpipe").trainTo("pipeline=2", 12));
        assertThat(losses).isEqualTo(uninterrupted);
    }

    @ParameterizedTest
    @CsvSource({"1f1b, 4", "zb-v, 2"})
    void shouldMakeTheSameText(String schedule, int ranks) throws Exception {
        MeshRun run = run("text", "pipeline.schedule=" + schedule);
        run.trainTo("pipeline=" + ranks, 12);
        assertThat(text(run)).isEqualTo(text(whole));
    }

    @Test
    void shouldMakeTheSameTextOnTensorRanks() throws Exception {
        MeshRun flat = run("flat");
        flat.trainTo("tensor=2", 12);
        MeshRun run = run("text", "pipeline.schedule=zb-h1");
        run.trainTo("pipeline=2,tensor=2", 12);
        assertThat(text(run)).isEqualTo(text(flat));
    }

    private static TrainingEvent.Sampled text(MeshRun run) {
        return run.events().stream()
                .filter(TrainingEvent.Sampled.class::isInstance)
                .map(TrainingEvent.Sampled.class::cast)
                .reduce((one, other) -> {
                    throw new AssertionError("two texts");
                })
                .orElseThrow();
    }

    @Test
    void shouldRecordTheActionsOfAStep() throws Exception {
        run("traced", "train.trace=2", "pipeline.schedule=zb-h1").trainTo("pipeline=2", 12);
        String trace = Files.readString(folder.resolve("traced/trace-step-2.json"));
        assertThat(trace).contains("\"0F0\"", "\"0W11\"", "\"1F0\"", "\"1I5\"", "\"reduce\"");
    }

    /** Steps that clip are undone on the way; what is looked at is settled before: validations, checkpoints, a trace, the end. */
    @Test
    void shouldStepOptimisticallyThroughAWholeRun() throws Exception {
        String[] keys = {"pipeline={schedule: zb-v, optimistic_step: true}", "checkpoint.every=5", "train.trace=7"};
        MeshRun run = run("optimistic", keys);
        assertThat(run.trainTo("pipeline=2", 12)).isEqualTo(uninterrupted);
        assertThat(validations(run)).isEqualTo(validations);
        assertThat(run.events().stream().filter(TrainingEvent.Saved.class::isInstance))
                .extracting(event -> ((TrainingEvent.Saved) event).step())
                .containsExactly(5L, 10L, 12L);
        assertThat(folder.resolve("optimistic/trace-step-7.json")).exists();
    }

    /** All ranks end together, a step after one of them has asked for it, and the run goes on from there. */
    @Test
    void shouldStopOptimisticRunsAndGoOn() throws Exception {
        String keys = "pipeline={schedule: zb-h2, optimistic_step: true}";
        MeshRun first = run("stopped", keys);
        Map<Long, Double> losses = new TreeMap<>(first.trainTo("pipeline=2", 3));
        assertThat(losses.keySet()).hasSizeBetween(4, 6);
        losses.putAll(run("stopped", keys).trainTo("pipeline=2", 12));
        assertThat(losses).isEqualTo(uninterrupted);
    }
}
