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

/** Whole runs through a pipeline: validation, checkpoints, and going on without it or with another one. */
class PipelineTrainingTest {
    private static final String[] KEYS = {
        "model.layers=5", "batch.microbatch=1", "train.steps=12", "train.validate_every=4"
    };

    @TempDir
    private Path folder;

    private Map<Long, Double> uninterrupted;
    private Map<Long, Double> validations;

    @BeforeEach
    void trainWithoutAPipeline() throws Exception {
        MeshRun run = run("whole");
        uninterrupted = run.trainTo("", 12);
        validations = validations(run);
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

    /** The layer counts are uneven, and so is the last micro-batch of a validation on two replicas. */
    @Test
    void shouldValidateToTheSameBits() throws Exception {
        MeshRun run = run("validated", "pipeline={schedule: zb-v, layers: [0, 2, 2, 1]}");
        assertThat(run.trainTo("pipeline=2", 12)).isEqualTo(uninterrupted);
        assertThat(validations(run)).isEqualTo(validations);
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

    @Test
    void shouldSayHowToMakeTextInsteadOfMakingSome() throws Exception {
        MeshRun run = run("quiet");
        run.trainTo("pipeline=2", 12);
        assertThat(run.events())
                .noneMatch(event -> event instanceof TrainingEvent.Sampled)
                .anyMatch(event -> event instanceof TrainingEvent.Note note
                        && note.text().contains("braid sample " + folder.resolve("quiet")));
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
