package dev.braid.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

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

/**
 * A matrix that two tensor-parallel ranks divide by columns, and each of them between two ranks of a shard group.
 *
 * <pre>
 *   columns   0  1  2 | 3  4         band 0: 0 1 2  5 6 7  10 11 12      band 1: 3 4  8 9  13 14
 *   row 0     0  1  2 | 3  4                 rank 0 ---- | rank 1 ----           rank 2 - | rank 3 ------
 *   row 1     5  6  7 | 8  9
 *   row 2    10 11 12 |13 14
 * </pre>
 */
class BandedCheckpointTest {
    private static final Shape SHAPE = Shape.of(3, 5);
    private static final Band LEFT = new Band(0, 3);
    private static final Band RIGHT = new Band(3, 2);

    @TempDir
    Path folder;

    private final Memory memory = new Memory();

    @org.junit.jupiter.api.BeforeEach
    void write() throws IOException {
        Checkpoints checkpoints = Checkpoints.in(folder);
        Attempt attempt = Attempt.fromJson(checkpoints.plan(3).toJson());
        List<SliceFile> files = new ArrayList<>();
        files.add(rank(checkpoints, attempt, 0, LEFT, 0, 0, 1, 2, 5));
        files.add(rank(checkpoints, attempt, 1, LEFT, 4, 6, 7, 10, 11, 12));
        files.add(rank(checkpoints, attempt, 2, RIGHT, 0, 3, 4, 8));
        files.add(rank(checkpoints, attempt, 3, RIGHT, 3, 9, 13, 14));
        checkpoints.commit(attempt, Samples.state("sample", 0), files);
    }

    @org.junit.jupiter.api.AfterEach
    void free() {
        memory.close();
    }

    private SliceFile rank(Checkpoints checkpoints, Attempt attempt, int rank, Band band, long from, float... values)
            throws IOException {
        try (SliceWriter writer = checkpoints.writer(attempt, rank)) {
            writer.add("w", SHAPE, band, from, tensor(values), 0, values.length);
            return SliceFile.fromJson(writer.finish().toJson());
        }
    }

    private Tensor tensor(float... values) {
        Tensor tensor = memory.zeros(Category.PARAMETERS, DType.F32, Shape.of(values.length));
        tensor.setFloats(values);
        return tensor;
    }

    @Test
    void shouldLoadTheWholeTensor() throws IOException {
        try (CheckpointReader reader = Checkpoints.in(folder).open(3)) {
            assertThat(Samples.floats(reader, "w")).containsExactly(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14);
        }
    }

    @Test
    void shouldLoadABandThatWasWrittenByOthers() throws IOException {
        assertThat(load(new Band(2, 2), 0, 6)).containsExactly(2, 3, 7, 8, 12, 13);
        assertThat(load(new Band(2, 2), 1, 4)).containsExactly(3, 7, 8, 12);
        assertThat(load(new Band(4, 1), 0, 3)).containsExactly(4, 9, 14);
    }

    @Test
    void shouldLoadTheRowsOfOneRank() throws IOException {
        assertThat(load(Band.all(SHAPE), 5, 5)).containsExactly(5, 6, 7, 8, 9);
    }

    @Test
    void shouldLoadNothingIntoARankThatOwnsNothing() throws IOException {
        assertThat(load(new Band(5, 0), 0, 0)).isEmpty();
        assertThat(load(LEFT, 9, 0)).isEmpty();
    }

    @Test
    void shouldLoadIntoTheMiddleOfALocalBuffer() throws IOException {
        Tensor local = tensor(-1, -1, -1, -1, -1);
        try (CheckpointReader reader = Checkpoints.in(folder).open(3)) {
            reader.load("w", RIGHT, 1, local, 2, 2);
        }
        assertThat(local.toFloats()).containsExactly(-1, -1, 4, 8, -1);
    }

    @Test
    void shouldGiveBandsOfTheWeightsBehindAPrefix() throws IOException {
        Tensor local = tensor(-1, -1);
        try (CheckpointReader reader = Checkpoints.in(folder).open(3)) {
            Weights weights = reader.weights("");
            weights.load("w", RIGHT, 4, local, 0, 2);
            assertThat(local.toFloats()).containsExactly(13, 14);
            Tensor whole = memory.zeros(Category.PARAMETERS, DType.F32, SHAPE);
            weights.load("w", whole);
            assertThat(whole.get(8)).isEqualTo(8);
        }
    }

    @Test
    void shouldFindACorruptByteOfABandEveryTime() throws IOException {
        Path step = folder.resolve("step-3");
        String file = new LocalStore(folder).list("step-3").get(2);
        byte[] bytes = Files.readAllBytes(step.resolve(file));
        bytes[0] ^= 1;
        Files.write(step.resolve(file), bytes);
        try (CheckpointReader reader = Checkpoints.in(folder).open(3)) {
            for (int round = 0; round < 2; round++) {
                // Row 1 of the left band is in the files of ranks 0 and 1.
                assertThatThrownBy(() -> read(reader, 5, 3))
                        .isInstanceOf(InvalidFileException.class)
                        .hasMessageContaining("in its file " + file + ", tensor \"w\", bytes 0 until 20 have CRC32C");
                assertThatThrownBy(() -> reader.load("w", LEFT, 3, tensor(0, 0, 0), 0, 3))
                        .isInstanceOf(InvalidFileException.class)
                        .hasMessageContaining("in its file " + file);
            }
            // What was verified before the corrupt chunk took its buffer is read again.
            assertThat(read(reader, 0, 3)).containsExactly(0, 1, 2);
        }
    }

    private float[] read(CheckpointReader reader, long from, int count) throws IOException {
        MemorySegment target = MemorySegment.ofArray(new float[count]);
        reader.read("w", from, count, target);
        return target.toArray(ValueLayout.JAVA_FLOAT);
    }

    @Test
    void shouldNameThePartThatTheTensorDoesNotHave() throws IOException {
        try (CheckpointReader reader = Checkpoints.in(folder).open(3)) {
            Weights flat = Weights.of(Map.of("w", memory.zeros(Category.PARAMETERS, DType.F32, SHAPE)));
            for (Weights weights : List.of(reader, flat)) {
                assertThatThrownBy(() -> weights.load("w", RIGHT, 4, tensor(0, 0, 0), 0, 3))
                        .isInstanceOf(IndexOutOfBoundsException.class)
                        .hasMessage("elements 4 until 7 of columns 3 until 5 of tensor \"w\", which is F32 [3, 5]");
                assertThatThrownBy(() -> weights.load("w", new Band(4, 2), 0, tensor(0), 0, 1))
                        .isInstanceOf(IndexOutOfBoundsException.class)
                        .hasMessageStartingWith("elements 0 until 1 of columns 4 until 6 of tensor \"w\"");
            }
        }
    }

    @Test
    void shouldRefuseToWriteAPartThatTheTensorDoesNotHave() throws IOException {
        Checkpoints checkpoints = Checkpoints.in(folder);
        Attempt attempt = checkpoints.plan(4);
        assertThatThrownBy(() -> rank(checkpoints, attempt, 0, RIGHT, 5, 1, 2))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("elements 5 until 7 of columns 3 until 5 of tensor \"w\" are not inside F32 [3, 5]");
    }

    @Test
    void shouldNameBothSidesOfADtypeThatDiffers() throws IOException {
        Tensor half = memory.zeros(Category.PARAMETERS, DType.BF16, Shape.of(2));
        try (CheckpointReader reader = Checkpoints.in(folder).open(3)) {
            assertThatThrownBy(() -> reader.load("w", RIGHT, 0, half, 0, 2))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageEndingWith("is F32[3, 5], which does not load into BF16[2]");
        }
        Weights flat = Weights.of(Map.of("w", memory.zeros(Category.PARAMETERS, DType.F32, SHAPE)));
        assertThatThrownBy(() -> flat.load("w", RIGHT, 0, half, 0, 2))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("tensor \"w\" is F32[3, 5] in the file, which does not load into BF16[2]");
    }

    private float[] load(Band band, long from, int count) throws IOException {
        Tensor local = tensor(new float[count]);
        try (CheckpointReader reader = Checkpoints.in(folder).open(3)) {
            reader.load("w", band, from, local, 0, count);
        }
        return local.toFloats();
    }
}
