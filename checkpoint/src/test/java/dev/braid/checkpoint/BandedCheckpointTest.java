package dev.braid.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;

import dev.braid.tensor.Category;
import dev.braid.tensor.DType;
import dev.braid.tensor.Memory;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
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

    private float[] load(Band band, long from, int count) throws IOException {
        Tensor local = tensor(new float[count]);
        try (CheckpointReader reader = Checkpoints.in(folder).open(3)) {
            reader.load("w", band, from, local, 0, count);
        }
        return local.toFloats();
    }
}
