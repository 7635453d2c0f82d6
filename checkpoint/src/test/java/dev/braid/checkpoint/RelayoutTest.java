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
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What was saved on one random layout loads on any other one. The element at row r and column c is 100 r + c. */
class RelayoutTest {
    private static final List<Shape> SHAPES = List.of(
            Shape.of(7, 10),
            Shape.of(6),
            Shape.of(3, 4, 5),
            Shape.of(),
            Shape.of(0, 4),
            Shape.of(4, 0),
            Shape.of(1, 1));
    private static final int RANKS = 5;

    @TempDir
    Path folder;

    private final Memory memory = new Memory();

    @org.junit.jupiter.api.AfterEach
    void free() {
        memory.close();
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12})
    void shouldLoadAnyLayoutFromAnyOther(long seed) throws IOException {
        Random random = new Random(seed);
        Checkpoints checkpoints = Checkpoints.in(folder);
        write(checkpoints, random);
        try (CheckpointReader reader = checkpoints.open(0)) {
            for (Shape shape : SHAPES) {
                for (int layout = 0; layout < 5; layout++) {
                    for (Part part : RandomLayout.of(shape, 5, 4, random)) {
                        requirePart(reader, shape, part, "seed " + seed);
                    }
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void shouldLoadAnyLayoutFromWeightsThatKnowNoBands(long seed) throws IOException {
        Random random = new Random(seed);
        for (Shape shape : SHAPES) {
            Weights weights = Weights.of(Map.of(name(shape), whole(shape)));
            for (Part part : RandomLayout.of(shape, 5, 4, random)) {
                requirePart(weights, shape, part, "seed " + seed);
            }
        }
    }

    private void write(Checkpoints checkpoints, Random random) throws IOException {
        Attempt attempt = checkpoints.plan(0);
        List<SliceWriter> writers = new ArrayList<>();
        for (int rank = 0; rank < RANKS; rank++) {
            writers.add(checkpoints.writer(attempt, rank));
        }
        for (Shape shape : SHAPES) {
            for (Part part : RandomLayout.of(shape, 4, 3, random)) {
                SliceWriter writer = writers.get(random.nextInt(RANKS));
                long count = part.to() - part.from();
                writer.add(name(shape), shape, part.band(), part.from(), local(shape, part), 1, count);
            }
        }
        List<SliceFile> files = new ArrayList<>();
        for (SliceWriter writer : writers) {
            files.add(SliceFile.fromJson(writer.finish().toJson()));
        }
        checkpoints.commit(attempt, Samples.state("sample", 0), files);
    }

    private void requirePart(Weights weights, Shape shape, Part part, String seed) throws IOException {
        Tensor expected = local(shape, part);
        Tensor target = memory.zeros(Category.PARAMETERS, DType.I32, expected.shape());
        target.setInt(0, -1);
        target.setInt(target.count() - 1, -1);
        weights.load(name(shape), part.band(), part.from(), target, 1, part.to() - part.from());
        assertThat(target.toFloats()).as("%s, %s of %s", seed, part, shape).containsExactly(expected.toFloats());
    }

    private Tensor whole(Shape shape) {
        Tensor tensor = memory.zeros(Category.PARAMETERS, DType.I32, shape);
        for (int i = 0; i < shape.count(); i++) {
            tensor.setInt(i, value(shape, Band.all(shape), i));
        }
        return tensor;
    }

    /** The part, between two elements -1 that do not belong to it. */
    private Tensor local(Shape shape, Part part) {
        int count = (int) (part.to() - part.from());
        Tensor tensor = memory.zeros(Category.PARAMETERS, DType.I32, Shape.of(count + 2));
        tensor.setInt(0, -1);
        tensor.setInt(count + 1, -1);
        for (int i = 0; i < count; i++) {
            tensor.setInt(1 + i, value(shape, part.band(), part.from() + i));
        }
        return tensor;
    }

    private static int value(Shape shape, Band band, long element) {
        assertThat(band.inside(shape)).isTrue();
        return (int) (100 * (element / band.columns()) + band.first() + element % band.columns());
    }

    private static String name(Shape shape) {
        return "t" + shape;
    }
}
