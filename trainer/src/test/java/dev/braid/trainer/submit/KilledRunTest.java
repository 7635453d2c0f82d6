package dev.braid.trainer.submit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.braid.trainer.Bits;
import dev.braid.trainer.action.TinyExperiment;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs that are cut off end with the bits of the run that was not. */
@Tag("submit")
class KilledRunTest {
    private static final Duration DEADLINE = Duration.ofMinutes(3);
    private static final int STEPS = 60;

    @TempDir
    private Path folder;

    private TinyExperiment tiny;

    @BeforeEach
    void prepare() throws IOException {
        tiny = new TinyExperiment(folder);
    }

    private BraidProcess train(String run) throws IOException {
        return BraidProcess.start(
                folder,
                "train",
                tiny.config().toString(),
                "-s",
                "output=" + tiny.run(run),
                "-s",
                "train.steps=" + STEPS,
                "-s",
                "checkpoint.every=7");
    }

    @Test
    void shouldEndWithTheSameBitsAfterBeingKilledAndAfterBeingTerminated() throws IOException, InterruptedException {
        BraidProcess straight = train("straight");
        assertThat(straight.waitFor(DEADLINE)).as(straight.output()).isZero();

        BraidProcess killed = train("cut");
        killed.awaitLines(tiny.run("cut").resolve("metrics.jsonl"), 20, DEADLINE);
        killed.kill();
        BraidProcess terminated = train("cut");
        terminated.awaitLines(tiny.run("cut").resolve("metrics.jsonl"), 40, DEADLINE);
        terminated.terminate();
        assertThat(terminated.waitFor(DEADLINE)).as(terminated.output()).isZero();
        assertThat(terminated.output()).contains("resuming from", "got TERM: saving a checkpoint");
        BraidProcess last = train("cut");
        assertThat(last.waitFor(DEADLINE)).as(last.output()).isZero();

        assertThat(tiny.losses("cut")).hasSize(STEPS).isEqualTo(tiny.losses("straight"));
        Bits.assertSame(tiny.tensors("cut"), tiny.tensors("straight"));
    }

    @Test
    void shouldSaveWhatAllRanksAgreeOnWhenAMeshIsTerminated() throws IOException, InterruptedException {
        String layout = "shard: 2";
        MeshExperiment mesh = new MeshExperiment(folder, 200);
        mesh.trainHere("straight", layout, 2);

        List<String> command = new ArrayList<>(List.of(mesh.train("cut", layout)));
        command.addAll(List.of("--master", "local[2]", "-s", "checkpoint.every=1000"));
        BraidProcess terminated = BraidProcess.start(folder, command.toArray(String[]::new));
        terminated.awaitLines(mesh.metrics("cut"), 5, DEADLINE);
        terminated.terminate();
        assertThat(terminated.waitFor(DEADLINE)).as(terminated.output()).isZero();

        int last = Files.readAllLines(mesh.metrics("cut")).size();
        assertThat(terminated.output())
                .contains("got TERM: saving a checkpoint after this step")
                .contains("Stopped and saved at step " + last + ". The same command goes on from here.");
        assertThat(mesh.saved("cut")).containsExactly((long) last);
        mesh.trainHere("cut", layout, 2);
        mesh.assertSame("cut", "straight");
    }
}
