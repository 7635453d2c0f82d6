package dev.braid.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.braid.tensor.Category;
import dev.braid.tensor.DType;
import dev.braid.tensor.Memory;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CheckpointTest {
    @TempDir
    Path folder;

    @Test
    void shouldLoadWhatWasSaved() throws IOException {
        Checkpoints checkpoints = Checkpoints.in(folder);
        try (Memory memory = new Memory();
                CheckpointWriter writer = checkpoints.begin(7)) {
            Tensor half = memory.zeros(Category.PARAMETERS, DType.BF16, Shape.of(2, 3));
            half.setFloats(new float[] {1, 2, 3, 4, 5, 6});
            Tensor counts = memory.zeros(Category.OPTIMIZER, DType.I32, Shape.of());
            counts.setInt(0, -9);
            writer.add("layers.0.ffn.up.weight", half);
            writer.add("counts", counts);
            writer.attach("tokenizer.json", new byte[] {1, 2, 3});
            writer.commit(Samples.state("sample", 1L << 40).put("loss", 0.1).put("config", "name: \"x\"\n"));
        }
        try (Memory memory = new Memory();
                CheckpointReader reader = checkpoints.open(7)) {
            assertThat(reader.step()).isEqualTo(7);
            assertThat(reader.names()).containsExactly("layers.0.ffn.up.weight", "counts");
            assertThat(reader.dtype("counts")).isEqualTo(DType.I32);
            assertThat(reader.state())
                    .hasToString("{\"sample\":1099511627776,\"loss\":0.1,\"config\":\"name: \\\"x\\\"\\n\"}");
            Tensor half = memory.zeros(Category.PARAMETERS, DType.BF16, Shape.of(2, 3));
            reader.load("layers.0.ffn.up.weight", half);
            assertThat(half.toFloats()).containsExactly(1, 2, 3, 4, 5, 6);
            Tensor counts = memory.zeros(Category.OPTIMIZER, DType.I32, Shape.of());
            reader.load("counts", counts);
            assertThat(counts.getInt(0)).isEqualTo(-9);
            assertThat(reader.attachments()).containsExactly("tokenizer.json");
            assertThat(reader.attachment("tokenizer.json")).containsExactly(1, 2, 3);
        }
    }

    @Test
    void shouldAlignEverySliceAndLeaveNothingButTheSlicesAndTheManifest() throws IOException {
        Checkpoints checkpoints = Checkpoints.in(folder);
        try (Memory memory = new Memory();
                CheckpointWriter writer = checkpoints.begin(1)) {
            writer.add("a", Samples.ascending(memory, 0, 3));
            writer.add("b", Samples.ascending(memory, 5, 1));
            writer.commit(Samples.state("sample", 0));
        }
        List<String> names = new LocalStore(folder).list("step-1");
        assertThat(names).hasSize(2).first().isEqualTo("manifest.json");
        byte[] slices = Files.readAllBytes(folder.resolve("step-1").resolve(names.get(1)));
        assertThat(slices).hasSize(64 + 4).endsWith(0, 0, (byte) 0xA0, 0x40);
    }

    @Test
    void shouldLoadAnyRangeIntoAnyPlace() throws IOException {
        Checkpoints checkpoints = Checkpoints.in(folder);
        Samples.write(checkpoints, 10);
        try (Memory memory = new Memory();
                CheckpointReader reader = checkpoints.open(10)) {
            Tensor target = memory.zeros(Category.PARAMETERS, DType.F32, Shape.of(5));
            reader.load("w", 1, target, 3, 2);
            assertThat(target.toFloats()).containsExactly(0, 0, 0, 11, 12);
        }
    }

    @Test
    void shouldGiveTheTensorsBehindAPrefix() throws IOException {
        Checkpoints checkpoints = Checkpoints.in(folder);
        try (Memory memory = new Memory();
                CheckpointWriter writer = checkpoints.begin(1)) {
            writer.add("weight/", Weights.of(Map.of("norm.weight", Samples.ascending(memory, 3, 2))));
            writer.add("moment/norm.weight", Samples.ascending(memory, 8, 2));
            writer.commit(Samples.state("sample", 0));
        }
        try (Memory memory = new Memory();
                CheckpointReader reader = checkpoints.open(1)) {
            Weights weights = reader.weights("weight/");
            assertThat(weights.names()).containsExactly("norm.weight");
            Tensor target = memory.zeros(Category.PARAMETERS, DType.F32, Shape.of(2));
            weights.load("norm.weight", target);
            assertThat(target.toFloats()).containsExactly(3, 4);
        }
    }

    @Test
    void shouldPutTogetherWhatSeveralRanksWrote() throws IOException {
        Checkpoints checkpoints = Checkpoints.in(folder);
        try (Memory memory = new Memory()) {
            Attempt attempt = checkpoints.plan(4);
            SliceFile[] files = new SliceFile[2];
            for (int rank = 0; rank < 2; rank++) {
                try (SliceWriter writer = checkpoints.writer(attempt, rank)) {
                    // The rank's shard begins with an element that belongs to another tensor.
                    Tensor shard = Samples.ascending(memory, 10 * rank, 3);
                    writer.add("w", Shape.of(2, 2), 2L * rank, shard, 1, 2);
                    files[rank] = SliceFile.fromJson(writer.finish().toJson());
                }
            }
            checkpoints.commit(attempt, Samples.state("sample", 0), List.of(files[1], files[0]));
        }
        try (CheckpointReader reader = checkpoints.open(4)) {
            assertThat(reader.shape("w")).isEqualTo(Shape.of(2, 2));
            assertThat(Samples.floats(reader, "w")).containsExactly(1, 2, 11, 12);
        }
    }

    @Test
    void shouldKeepTheNewestAndDeleteOlderLeftovers() throws IOException {
        Checkpoints checkpoints = Checkpoints.in(folder);
        for (long step : new long[] {0, 50, 100, 150}) {
            Samples.write(checkpoints, step);
        }
        Files.createDirectories(folder.resolve("step-120"));
        Files.writeString(folder.resolve("step-120/rank-0.dead.slices"), "left");
        Files.createDirectories(folder.resolve("step-200"));
        Files.createDirectories(folder.resolve("step-007"));
        checkpoints.prune(2);
        assertThat(new LocalStore(folder).list("")).containsExactly("step-007", "step-100", "step-150", "step-200");
        assertThat(checkpoints.steps()).containsExactly(150L, 100L);
        assertThat(checkpoints.latest()).hasValue(150);
    }

    @Test
    void shouldRefuseToKeepNone() {
        assertThatThrownBy(() -> Checkpoints.in(folder).prune(0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("at least 1 checkpoint must be kept, not 0");
    }

    @Test
    void shouldReplaceACompleteCheckpointOfTheSameStep() throws IOException {
        Checkpoints checkpoints = Checkpoints.in(folder);
        Samples.write(checkpoints, 3);
        try (Memory memory = new Memory();
                CheckpointWriter writer = checkpoints.begin(3)) {
            writer.add("w", Samples.ascending(memory, 90, 1));
            try (CheckpointReader old = checkpoints.open(3)) {
                assertThat(Samples.floats(old, "w")).containsExactly(3, 4, 5);
            }
            writer.commit(Samples.state("sample", 1));
        }
        assertThat(new LocalStore(folder).list("step-3")).hasSize(2);
        try (CheckpointReader reader = checkpoints.open(3)) {
            assertThat(Samples.floats(reader, "w")).containsExactly(90);
        }
    }

    @Test
    void shouldGiveUpOneAttemptWithoutHarmToTheCompleteOne() throws IOException {
        Checkpoints checkpoints = Checkpoints.in(folder);
        Samples.write(checkpoints, 3);
        try (Memory memory = new Memory();
                CheckpointWriter writer = checkpoints.begin(3)) {
            writer.add("w", Samples.ascending(memory, 90, 1));
        }
        assertThat(new LocalStore(folder).list("step-3")).hasSize(2);
        try (CheckpointReader reader = checkpoints.open(3)) {
            assertThat(Samples.floats(reader, "w")).containsExactly(3, 4, 5);
        }
    }

    @Test
    void shouldLetOnlyOneOfTwoAttemptsCommit() throws IOException {
        Checkpoints checkpoints = Checkpoints.in(folder);
        try (Memory memory = new Memory();
                CheckpointWriter slow = checkpoints.begin(5)) {
            slow.add("w", Samples.ascending(memory, 70, 1));
            Samples.write(checkpoints, 5);
            assertThatThrownBy(() -> slow.commit(Samples.state("sample", 0)))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("another attempt has committed " + folder.resolve("step-5") + " meanwhile");
        }
        try (CheckpointReader reader = checkpoints.open(5)) {
            assertThat(Samples.floats(reader, "w")).containsExactly(5, 6, 7);
        }
    }

    @Test
    void shouldFindACheckpointByItsFolderItsRunOrItsParent() throws IOException {
        Samples.write(Checkpoints.in(folder.resolve("checkpoints")), 5);
        Samples.write(Checkpoints.in(folder.resolve("checkpoints")), 12);
        for (String name : List.of("", "checkpoints", "checkpoints/step-12")) {
            try (CheckpointReader reader = Checkpoints.find(folder.resolve(name))) {
                assertThat(reader.step()).isEqualTo(12);
            }
        }
        try (CheckpointReader reader = Checkpoints.find(folder.resolve("checkpoints/step-5"))) {
            assertThat(reader.location())
                    .isEqualTo(folder.resolve("checkpoints/step-5").toString());
        }
    }

    @Test
    void shouldWriteACheckpointInAFolderOfAnyName() throws IOException {
        Path target = folder.resolve("imported/model");
        try (Memory memory = new Memory();
                CheckpointWriter writer = CheckpointWriter.create(target, 0)) {
            writer.add("w", Samples.ascending(memory, 1, 1));
            writer.commit(JsonNodeFactory.instance.objectNode());
        }
        try (CheckpointReader reader = Checkpoints.find(target)) {
            assertThat(Samples.floats(reader, "w")).containsExactly(1);
        }
    }

    @Test
    void shouldGiveACopyOfTheState() throws IOException {
        Checkpoints checkpoints = Checkpoints.in(folder);
        Samples.write(checkpoints, 1);
        try (CheckpointReader reader = checkpoints.open(1)) {
            ObjectNode state = reader.state();
            state.put("sample", 0);
            assertThat(reader.state().get("sample").longValue()).isEqualTo(10);
        }
    }
}
