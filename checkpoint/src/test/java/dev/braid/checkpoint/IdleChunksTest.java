package dev.braid.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class IdleChunksTest {
    @TempDir
    Path folder;

    @Test
    void shouldGiveBackTheChunksOfTheSameTensor() {
        try (IdleChunks idle = new IdleChunks()) {
            BandChunks a = idle.take("a");
            BandChunks b = idle.take("b");
            idle.give(a);
            idle.give(b);
            assertThat(idle.take("a")).isSameAs(a);
            assertThat(idle.take("a")).as("taken already").isNotSameAs(a);
            assertThat(idle.take("b")).isSameAs(b);
        }
    }

    @Test
    void shouldFreeTheChunksOfATensorOnceTwoOthersWereRead() throws IOException {
        try (IdleChunks idle = new IdleChunks()) {
            BandChunks a = idle.take("a");
            MemorySegment chunk = read(a.of(new Band(0, 1)));
            idle.give(a);
            idle.give(idle.take("b"));
            assertThat(chunk.scope().isAlive()).isTrue();
            idle.give(idle.take("c"));
            assertThat(chunk.scope().isAlive()).isFalse();
        }
    }

    @Test
    void shouldFreeWhatIsGivenBackAfterTheEnd() throws IOException {
        IdleChunks idle = new IdleChunks();
        BandChunks a = idle.take("a");
        MemorySegment chunk = read(a.of(new Band(0, 1)));
        idle.close();
        assertThat(chunk.scope().isAlive()).isTrue();
        idle.give(a);
        assertThat(chunk.scope().isAlive()).isFalse();
    }

    /** A file of the one byte 'a', whose CRC32C is c1d04330. */
    private MemorySegment read(VerifiedChunk chunk) throws IOException {
        Files.createDirectories(folder.resolve("step-1"));
        Files.write(folder.resolve("step-1/f"), new byte[] {'a'});
        List<SliceFile> files = List.of(new SliceFile("f", 1, List.of(), List.of()));
        try (SliceFiles all = new SliceFiles(new LocalStore(folder), "step-1", files)) {
            StoredRange range = new StoredRange("f", "a byte", 0, 1, List.of(0xc1d04330));
            return chunk.get(all, range, 0);
        }
    }
}
