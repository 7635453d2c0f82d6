package dev.braid.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A checkpoint of a hundred ranks; the file of rank i holds the byte i. */
class SliceFilesTest {
    private static final int RANKS = 100;

    @TempDir
    Path folder;

    private final List<SliceFile> files = new ArrayList<>();
    private CountingStore store;

    @BeforeEach
    void prepare() throws IOException {
        store = new CountingStore(new LocalStore(folder));
        Files.createDirectories(folder.resolve("step-1"));
        for (int rank = 0; rank < RANKS; rank++) {
            files.add(new SliceFile(rank + ".slices", 1, List.of(), List.of()));
            Files.write(folder.resolve("step-1/" + rank + ".slices"), new byte[] {(byte) rank});
        }
    }

    @Test
    void shouldKeepFewFilesOpen() throws IOException {
        try (SliceFiles all = new SliceFiles(store, "step-1", files)) {
            for (int rank = 0; rank < RANKS; rank++) {
                assertThat(read(all, rank)).isEqualTo(rank);
            }
            assertThat(store.open).hasValue(SliceFiles.MOST_OPEN);
            // One more while the one that was read longest ago is about to be closed.
            assertThat(store.mostOpen).hasValue(SliceFiles.MOST_OPEN + 1);
        }
        assertThat(store.open).hasValue(0);
    }

    @Test
    void shouldOpenAgainOnlyWhatWasNotReadOfLate() throws IOException {
        try (SliceFiles all = new SliceFiles(store, "step-1", files)) {
            for (int rank = 0; rank < RANKS; rank++) {
                read(all, rank);
                read(all, 7);
            }
            assertThat(store.opened).hasValue(RANKS);
            assertThat(read(all, 0)).isZero();
            assertThat(store.opened).hasValue(RANKS + 1);
        }
    }

    @Test
    void shouldReadNothingOnceClosed() throws IOException {
        SliceFiles all = new SliceFiles(store, "step-1", files);
        read(all, 3);
        all.close();
        assertThat(store.open).hasValue(0);
        assertThatThrownBy(() -> read(all, 3))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("checkpoint " + folder.resolve("step-1") + " is closed already");
    }

    @Test
    void shouldRefuseNamesThatLeadElsewhereOrComeTwice() {
        refused("its file \"../x\" is not a plain file name", "../x");
        refused("its file \"a\\x\" is not a plain file name", "a\\x");
        refused("its file \"a\" is listed twice", "a", "a");
    }

    private void refused(String message, String... names) {
        List<SliceFile> listed = new ArrayList<>();
        for (String name : names) {
            listed.add(new SliceFile(name, 1, List.of(), List.of()));
        }
        assertThatThrownBy(() -> new SliceFiles(store, "step-1", listed))
                .isInstanceOf(InvalidFileException.class)
                .hasMessage(message);
    }

    private static int read(SliceFiles files, int rank) throws IOException {
        ByteBuffer target = ByteBuffer.allocate(1);
        files.read(rank + ".slices", 0, target);
        return target.get(0);
    }
}
