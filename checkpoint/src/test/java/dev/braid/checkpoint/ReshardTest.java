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
import java.util.Random;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Any division of tensors among ranks loads whole, and into any other division. */
class ReshardTest {
    @TempDir
    Path folder;

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void shouldLoadAnyRangeFromAnyDivision(long seed) throws IOException {
        Random random = new Random(seed);
        Checkpoints checkpoints = Checkpoints.in(folder);
        int ranks = 1 + random.nextInt(4);
        try (Memory memory = new Memory()) {
            // The last one is longer than a chunk of checksums.
            List<Tensor> tensors = new ArrayList<>();
            for (int count : new int[] {0, 1, 7, 1000, 65_537, Checksums.CHUNK / 4 + 100_003}) {
                tensors.add(random(memory, random, count));
            }
            write(checkpoints, tensors, ranks, random);
            try (CheckpointReader reader = checkpoints.open(9)) {
                for (int i = 0; i < tensors.size(); i++) {
                    requireSame(reader, "t" + i, tensors.get(i), random, memory, seed);
                }
            }
        }
    }

    private static Tensor random(Memory memory, Random random, int count) {
        Tensor tensor = memory.zeros(Category.PARAMETERS, DType.I32, Shape.of(count));
        for (int i = 0; i < count; i++) {
            tensor.setInt(i, random.nextInt());
        }
        return tensor;
    }

    private static void write(Checkpoints checkpoints, List<Tensor> tensors, int ranks, Random random)
            throws IOException {
        Attempt attempt = checkpoints.plan(9);
        List<SliceWriter> writers = new ArrayList<>();
        for (int rank = 0; rank < ranks; rank++) {
            writers.add(checkpoints.writer(attempt, rank));
        }
        for (int i = 0; i < tensors.size(); i++) {
            Tensor tensor = tensors.get(i);
            long at = 0;
            do {
                long count = random.nextLong(tensor.count() - at + 1);
                count = random.nextInt(3) == 0 ? tensor.count() - at : count;
                writers.get(random.nextInt(ranks)).add("t" + i, tensor.shape(), at, tensor, at, count);
                at += count;
            } while (at < tensor.count());
        }
        List<SliceFile> files = new ArrayList<>();
        for (SliceWriter writer : writers) {
            files.add(writer.finish());
        }
        checkpoints.commit(attempt, Samples.state("sample", 0), files);
    }

    private static void requireSame(
            CheckpointReader reader, String name, Tensor expected, Random random, Memory memory, long seed)
            throws IOException {
        for (int round = 0; round < 4; round++) {
            long from = round == 0 ? 0 : random.nextLong(expected.count() + 1);
            long count = round == 0 ? expected.count() : random.nextLong(expected.count() - from + 1);
            Tensor target = memory.zeros(Category.PARAMETERS, DType.I32, Shape.of(count + 2));
            reader.load(name, from, target, 1, count);
            boolean same = target.getInt(0) == 0 && target.getInt(count + 1) == 0;
            for (long i = 0; i < count; i++) {
                same &= target.getInt(1 + i) == expected.getInt(from + i);
            }
            assertThat(same)
                    .as("seed %d, tensor %s, %d elements from %d on", seed, name, count, from)
                    .isTrue();
            target.release();
        }
    }
}
