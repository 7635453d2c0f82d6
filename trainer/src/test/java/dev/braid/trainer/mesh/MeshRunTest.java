package dev.braid.trainer.mesh;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.braid.checkpoint.CheckpointReader;
import dev.braid.checkpoint.Checkpoints;
import dev.braid.checkpoint.huggingface.HuggingFaceExport;
import dev.braid.checkpoint.huggingface.LlamaFamily;
import dev.braid.checkpoint.huggingface.LlamaShape;
import dev.braid.tensor.DType;
import dev.braid.trainer.train.ModelCheckpoint;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A run that begins anywhere and goes on anywhere else. */
class MeshRunTest {
    @TempDir
    private Path folder;

    @Test
    void shouldBeginWithTheSameWeightsOnEveryLayout() throws Exception {
        byte[] expected = exported("", 0);
        List<String> layouts = List.of(
                "replicate=2",
                "tensor=2",
                "tensor=4",
                "shard=2,zero=0",
                "shard=2,zero=1",
                "shard=3,zero=2",
                "shard=3",
                "shard=2,tensor=2",
                "replicate=2,tensor=4",
                "replicate=2,shard=2",
                "replicate=2,shard=3,zero=1");
        for (int i = 0; i < layouts.size(); i++) {
            assertThat(exported(layouts.get(i), i + 1)).as(layouts.get(i)).isEqualTo(expected);
        }
    }

    private byte[] exported(String layout, int index) throws Exception {
        Path run = folder.resolve("start-" + index);
        new MeshRun(run).trainTo(layout, 0);
        Path out = folder.resolve("export-" + index);
        try (CheckpointReader checkpoint = Checkpoints.find(run)) {
            LlamaShape shape = new LlamaShape(
                    300,
                    64,
                    2,
                    8,
                    2,
                    8,
                    172,
                    24,
                    10000,
                    1e-5,
                    true,
                    false,
                    false,
                    OptionalInt.empty(),
                    OptionalInt.empty());
            HuggingFaceExport.write(
                    LlamaFamily.describe(shape), ModelCheckpoint.weights(checkpoint), DType.F32, Map.of(), out);
        }
        return Files.readAllBytes(out.resolve("model.safetensors"));
    }

    @Test
    void shouldGoOnAnywhereAsIfNothingHadHappened() throws Exception {
        Map<Long, Double> uninterrupted = new MeshRun(folder.resolve("whole")).trainTo("", 25);
        MeshRun run = new MeshRun(folder.resolve("moved"));
        assertClose(run.trainTo("replicate=2,shard=2", 8), uninterrupted, 1, 8);
        assertClose(run.trainTo("shard=3", 15), uninterrupted, 9, 15);
        assertClose(run.trainTo("tensor=4", 17), uninterrupted, 16, 17);
        assertClose(run.trainTo("", 18), uninterrupted, 18, 18);
        assertClose(run.trainTo("shard=2,tensor=2,zero=1", 25), uninterrupted, 19, 25);
    }

    private static void assertClose(Map<Long, Double> losses, Map<Long, Double> expected, long first, long last) {
        assertThat(losses.keySet()).hasSize((int) (last - first + 1)).contains(first, last);
        losses.forEach((step, loss) ->
                assertThat(loss).as("loss of step %d", step).isCloseTo(expected.get(step), within(1e-6 * loss)));
    }
}
