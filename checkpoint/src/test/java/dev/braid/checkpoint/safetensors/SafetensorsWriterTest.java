package dev.braid.checkpoint.safetensors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.braid.checkpoint.Staging;
import dev.braid.tensor.Category;
import dev.braid.tensor.DType;
import dev.braid.tensor.Memory;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SafetensorsWriterTest {
    @TempDir
    Path folder;

    @Test
    void shouldWriteExactlyTheFormatsBytes() throws IOException {
        Path file = folder.resolve("a.safetensors");
        SafetensorsWriter.write(file, List.of(Entry.of("x", Shape.of(2), new int[] {1, -1})), Map.of("format", "pt"));
        String header =
                "{\"__metadata__\":{\"format\":\"pt\"},\"x\":{\"dtype\":\"I32\",\"shape\":[2],\"data_offsets\":[0,8]}}";
        byte[] bytes = Files.readAllBytes(file);
        assertThat(bytes).hasSize(128 + 8).startsWith(120, 0, 0, 0, 0, 0, 0, 0);
        assertThat(new String(bytes, 8, 120)).isEqualTo(header + " ".repeat(120 - header.length()));
        assertThat(bytes).endsWith(1, 0, 0, 0, -1, -1, -1, -1);
    }

    @Test
    void shouldPutWiderTypesFirstSoThatAllAreAligned() throws IOException {
        Path file = folder.resolve("a.safetensors");
        try (Memory memory = new Memory()) {
            Tensor half = memory.zeros(Category.PARAMETERS, DType.BF16, Shape.of(3));
            half.setFloats(new float[] {1, 2, 3});
            SafetensorsWriter.write(
                    file,
                    List.of(
                            Entry.of("half", half),
                            Entry.of("float", Shape.of(1), new float[] {4}),
                            Entry.of("long", Shape.of(), new long[] {5})),
                    Map.of());
        }
        try (SafetensorsFile tensors = SafetensorsFile.open(file)) {
            assertThat(tensors.tensors().keySet()).containsExactly("long", "float", "half");
            assertThat(tensors.floats("half")).containsExactly(1, 2, 3);
            assertThat(tensors.longs("long")).containsExactly(5);
        }
    }

    @Test
    void shouldRoundFloatsToBf16WhileWriting() throws IOException {
        Path file = folder.resolve("a.safetensors");
        // 1 + 2^-8 lies halfway between two bf16 values and goes to the even one; a little more goes up.
        float[] values = {1 + 0x1p-8f, 1 + 0x1.1p-8f, -3};
        Entry source = Entry.of("x", Shape.of(3), values);
        SafetensorsWriter.write(
                file,
                List.of(Entry.converted("x", DType.F32, ElementType.BF16, Shape.of(3), source.source())),
                Map.of());
        try (SafetensorsFile tensors = SafetensorsFile.open(file)) {
            assertThat(tensors.tensor("x").type()).isEqualTo(ElementType.BF16);
            assertThat(tensors.floats("x")).containsExactly(1, 1 + 0x1p-7f, -3);
        }
    }

    @Test
    void shouldStreamATensorLargerThanItsBuffer() throws IOException {
        Path file = folder.resolve("large.safetensors");
        long count = 2L * Staging.MOST_BYTES / 8 + 3;
        List<Long> starts = new ArrayList<>();
        Entry counting = new Entry("x", ElementType.I64, Shape.of(count), (from, number, target) -> {
            starts.add(from);
            for (long i = 0; i < number; i++) {
                target.set(ValueLayout.JAVA_LONG_UNALIGNED, 8 * i, from + i);
            }
        });
        SafetensorsWriter.write(file, List.of(counting), Map.of());
        assertThat(starts).containsExactly(0L, count / 2 - 1, count - 3);
        long[] values = new long[5];
        try (SafetensorsFile tensors = SafetensorsFile.open(file)) {
            tensors.read("x", count - 5, 5, ElementType.I64, MemorySegment.ofArray(values));
            assertThat(tensors.longs("x")).isSorted().hasSize((int) count).endsWith(count - 1);
        }
        assertThat(values).containsExactly(count - 5, count - 4, count - 3, count - 2, count - 1);
    }

    @Test
    void shouldLeaveTheOldFileAndNoOtherWhenASourceFails() throws IOException {
        Path file = Files.writeString(folder.resolve("a.safetensors"), "old");
        Entry failing = new Entry("x", ElementType.F32, Shape.of(1), (from, count, target) -> {
            throw new IOException("unplugged");
        });
        assertThatThrownBy(() -> SafetensorsWriter.write(file, List.of(failing), Map.of()))
                .hasMessage("unplugged");
        assertThat(file).hasContent("old");
        assertThat(folder).isDirectoryNotContaining(path -> !path.equals(file));
    }

    @Test
    void shouldSplitIntoShardsWithAnIndex() throws IOException {
        List<Entry> tensors = List.of(
                Entry.of("a", Shape.of(2), new float[] {1, 2}),
                Entry.of("b", Shape.of(1), new float[] {3}),
                Entry.of("c", Shape.of(4), new float[] {4, 5, 6, 7}));
        assertThat(SafetensorsWriter.writeSharded(folder, tensors, 12, Map.of()))
                .containsExactly(
                        "model-00001-of-00002.safetensors",
                        "model-00002-of-00002.safetensors",
                        "model.safetensors.index.json");
        assertThat(folder.resolve("model.safetensors.index.json")).hasContent("""
                {
                  "metadata" : {
                    "total_size" : 28
                  },
                  "weight_map" : {
                    "a" : "model-00001-of-00002.safetensors",
                    "b" : "model-00001-of-00002.safetensors",
                    "c" : "model-00002-of-00002.safetensors"
                  }
                }
                """);
        try (ShardedTensors sharded = ShardedTensors.open(folder)) {
            assertThat(sharded.tensors().keySet()).containsExactly("a", "b", "c");
            assertThat(sharded.file("c").floats("c")).containsExactly(4, 5, 6, 7);
        }
    }

    @Test
    void shouldWriteOneFileWhenAllFits() throws IOException {
        List<Entry> tensors = List.of(Entry.of("a", Shape.of(1), new float[] {1}));
        assertThat(SafetensorsWriter.writeSharded(folder, tensors, 4, Map.of())).containsExactly("model.safetensors");
    }

    @Test
    void shouldRefuseANameThatOccursTwiceOrIsReserved() {
        Entry entry = Entry.of("x", Shape.of(1), new float[] {1});
        Entry reserved = Entry.of("__metadata__", Shape.of(1), new float[] {1});
        Path file = folder.resolve("a.safetensors");
        assertThatThrownBy(() -> SafetensorsWriter.write(file, List.of(entry, entry), Map.of()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("cannot write tensor \"x\": the name occurs twice");
        assertThatThrownBy(() -> SafetensorsWriter.write(file, List.of(reserved), Map.of()))
                .hasMessage("cannot write tensor \"__metadata__\": the name is reserved");
    }

    @Test
    void shouldRefuseToWriteIntegersAsFloats() {
        assertThatThrownBy(() -> Entry.converted("x", DType.I32, ElementType.F32, Shape.of(1), (a, b, c) -> {}))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("tensor \"x\" is I32 and cannot be written as F32");
    }
}
