package dev.braid.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;

import dev.braid.tensor.Category;
import dev.braid.tensor.DType;
import dev.braid.tensor.Memory;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is read from the files: whole chunks of 4 MiB, each of them once. The tensor is [3000, 1500] I32, 18 MB. */
class ReadingCostTest {
    private static final Shape SHAPE = Shape.of(3000, 1500);
    private static final long BYTES = 4 * SHAPE.count();

    @TempDir
    Path folder;

    private final Memory memory = new Memory();
    private CountingStore store;
    private Checkpoints checkpoints;
    private Tensor whole;

    @BeforeEach
    void prepare() {
        store = new CountingStore(new LocalStore(folder));
        checkpoints = new Checkpoints(store);
        whole = memory.zeros(Category.PARAMETERS, DType.I32, SHAPE);
        for (int i = 0; i < SHAPE.count(); i++) {
            whole.setInt(i, i);
        }
    }

    @AfterEach
    void free() {
        memory.close();
    }

    @Test
    void shouldReadEveryByteOnceWhenRangesOfBandsAscend() throws IOException {
        // Three bands of 500 columns, each in two files: 6 MB a band, 3 MB a file.
        write(
                new Part(new Band(0, 500), 0, 700_001),
                new Part(new Band(0, 500), 700_001, 1_500_000),
                new Part(new Band(500, 500), 0, 800_001),
                new Part(new Band(500, 500), 800_001, 1_500_000),
                new Part(new Band(1000, 500), 0, 1_500_000));
        try (CheckpointReader reader = checkpoints.open(0)) {
            readAll(reader, 123_457);
        }
        assertThat(store.bytes).hasValue(BYTES);
    }

    @Test
    void shouldGiveEachOfSeveralThreadsItsOwnRanges() throws Exception {
        write(new Part(new Band(0, 700), 0, 2_100_000), new Part(new Band(700, 800), 0, 2_400_000));
        try (CheckpointReader reader = checkpoints.open(0);
                ExecutorService threads = Executors.newFixedThreadPool(4)) {
            List<Future<?>> done = new ArrayList<>();
            for (int thread = 0; thread < 4; thread++) {
                int step = 200_000 + 31 * thread;
                done.add(threads.submit(() -> {
                    readAll(reader, step);
                    return null;
                }));
            }
            for (Future<?> each : done) {
                each.get();
            }
        }
        assertThat(store.open).hasValue(0);
    }

    @Test
    void shouldReadEveryByteOnceForOneBandOutOfAllColumns() throws IOException {
        write(new Part(Band.all(SHAPE), 0, SHAPE.count()));
        Tensor local = memory.zeros(Category.PARAMETERS, DType.I32, Shape.of(3000, 7));
        try (CheckpointReader reader = checkpoints.open(0)) {
            reader.load("w", new Band(1000, 7), 0, local, 0, local.count());
        }
        assertThat(local.getInt(8)).isEqualTo(1500 + 1001);
        assertThat(local.getInt(local.count() - 1)).isEqualTo(2999 * 1500 + 1006);
        assertThat(store.bytes).hasValue(BYTES);
        // Not one for each of 3000 rows: 18 MB are four whole chunks and the rest.
        assertThat(store.reads).hasValue(5);
    }

    @Test
    void shouldReadOnlyTheChunksOfTheRowsThatAreAskedFor() throws IOException {
        write(new Part(Band.all(SHAPE), 0, SHAPE.count()));
        Tensor local = memory.zeros(Category.PARAMETERS, DType.I32, Shape.of(10, 20));
        try (CheckpointReader reader = checkpoints.open(0)) {
            // Row 1000 begins at byte 6,000,000, in the second chunk.
            reader.load("w", new Band(30, 20), 1000 * 20, local, 0, 200);
        }
        assertThat(local.getInt(0)).isEqualTo(1000 * 1500 + 30);
        assertThat(store.bytes).hasValue(Checksums.CHUNK);
    }

    @Test
    void shouldReadNoChunkOfAnotherBand() throws IOException {
        write(new Part(new Band(0, 1499), 0, 1499 * 3000), new Part(new Band(1499, 1), 0, 3000));
        Tensor local = memory.zeros(Category.PARAMETERS, DType.I32, Shape.of(3000));
        try (CheckpointReader reader = checkpoints.open(0)) {
            reader.load("w", new Band(1499, 1), 0, local, 0, 3000);
        }
        assertThat(local.getInt(2)).isEqualTo(3 * 1500 - 1);
        assertThat(store.bytes).hasValue(4 * 3000);
    }

    private static void readAll(CheckpointReader reader, int step) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment target = arena.allocate(4L * step);
            for (long from = 0; from < SHAPE.count(); from += step) {
                long count = Math.min(step, SHAPE.count() - from);
                reader.read("w", from, count, target);
                requireAscending(target, from, count);
            }
        }
    }

    private static void requireAscending(MemorySegment found, long first, long count) {
        boolean same = true;
        for (long i = 0; i < count; i++) {
            same &= found.getAtIndex(ValueLayout.JAVA_INT, i) == first + i;
        }
        assertThat(same).as("%d elements from %d on", count, first).isTrue();
    }

    /** Each part by a rank of its own. */
    private void write(Part... parts) throws IOException {
        Attempt attempt = checkpoints.plan(0);
        List<SliceFile> files = new ArrayList<>();
        for (Part part : parts) {
            int count = (int) (part.to() - part.from());
            Tensor local = memory.zeros(Category.PARAMETERS, DType.I32, Shape.of(count));
            new Overlap(new Part(Band.all(SHAPE), 0, SHAPE.count()), part)
                    .runs(0, SHAPE.count(), (source, target, n) -> {
                        for (long i = 0; i < n; i++) {
                            local.setInt(target - part.from() + i, whole.getInt(source + i));
                        }
                    });
            try (SliceWriter writer = checkpoints.writer(attempt, files.size())) {
                writer.add("w", SHAPE, part.band(), part.from(), local, 0, count);
                files.add(writer.finish());
            }
            local.release();
        }
        checkpoints.commit(attempt, Samples.state("sample", 0), files);
    }
}
