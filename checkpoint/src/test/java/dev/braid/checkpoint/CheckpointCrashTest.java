package dev.braid.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.braid.tensor.Memory;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CheckpointCrashTest {
    @TempDir
    Path folder;

    private LocalStore store;
    private Checkpoints checkpoints;

    @org.junit.jupiter.api.BeforeEach
    void prepare() throws IOException {
        store = new LocalStore(folder);
        checkpoints = new Checkpoints(store);
        Samples.write(checkpoints, 50);
    }

    @Test
    void shouldKeepTheEarlierCheckpointWhereverTheWriterIsKilled() throws IOException {
        List<Long> newest = new ArrayList<>();
        boolean killed = true;
        for (int change = 0; killed; change++) {
            killed = !runs(FaultyStore.killedAt(store, change), 100);
            newest.add(checkpoints.latest().orElseThrow());
            try (CheckpointReader reader = checkpoints.open(50)) {
                assertThat(Samples.floats(reader, "w")).containsExactly(50, 51, 52);
            }
            store.delete("step-100");
        }
        // Killed at creation, two slices and the padding between them, close and publication, then not at all.
        assertThat(newest).containsExactly(50L, 50L, 50L, 50L, 50L, 50L, 100L);
    }

    @Test
    void shouldTakeAwayWhatAKilledWriterLeftOnceANewerOneIsComplete() throws IOException {
        assertThat(runs(FaultyStore.killedAt(store, 3), 100)).isFalse();
        assertThat(store.list("step-100")).hasSize(1);
        Samples.write(checkpoints, 150);
        checkpoints.prune(2);
        assertThat(store.list("")).containsExactly("step-150", "step-50");
    }

    @Test
    void shouldWriteTheSameStepAgainAfterAKill() throws IOException {
        assertThat(runs(FaultyStore.killedAt(store, 3), 100)).isFalse();
        assertThat(runs(store, 100)).isTrue();
        assertThat(store.list("step-100")).hasSize(2);
        try (CheckpointReader reader = checkpoints.open(100)) {
            assertThat(Samples.floats(reader, "w")).containsExactly(100, 101, 102);
        }
    }

    @Test
    void shouldKeepOneOfBothWhereverAReplacingWriterIsKilled() throws IOException {
        boolean killed = true;
        for (int change = 0; killed; change++) {
            killed = !runs(FaultyStore.killedAt(store, change), 50);
            try (CheckpointReader reader = checkpoints.open(50)) {
                assertThat(Samples.floats(reader, "w")).containsExactly(50, 51, 52);
            }
        }
        assertThat(store.list("step-50")).hasSize(2);
    }

    @Test
    void shouldNeverLoseTheNewestWhereverPruningIsKilled() throws IOException {
        boolean killed = true;
        for (int change = 0; killed; change++) {
            Samples.write(checkpoints, 10);
            Samples.write(checkpoints, 20);
            Checkpoints faulty = new Checkpoints(FaultyStore.killedAt(store, change));
            try {
                faulty.prune(1);
                killed = false;
            } catch (FaultyStore.Killed expected) {
                killed = true;
            }
            for (long step : checkpoints.steps()) {
                try (CheckpointReader reader = checkpoints.open(step)) {
                    assertThat(Samples.floats(reader, "w")).startsWith(step);
                }
            }
            assertThat(checkpoints.latest()).hasValue(50);
        }
        assertThat(store.list("")).containsExactly("step-50");
    }

    @Test
    void shouldExplainAFullDiskAndRemoveTheUnfinishedFolder() throws IOException {
        for (long bytes : new long[] {0, 11, 12, 64, 70, 200}) {
            FaultyStore full = FaultyStore.fullAfter(store, bytes);
            assertThatThrownBy(() -> runs(full, 100))
                    .as("full after %d bytes", bytes)
                    .isInstanceOf(IOException.class)
                    .hasMessageStartingWith("checkpoint of step 100 was not written: ")
                    .hasMessageContaining("No space left on device")
                    .hasMessageContaining("The unfinished folder was removed. Untouched in " + folder + ": step-50");
            assertThat(store.list("")).containsExactly("step-50");
        }
    }

    @Test
    void shouldNameTheFileAndTheFreeBytesOnAFullDisk() {
        assertThatThrownBy(() -> runs(FaultyStore.fullAfter(store, 13), 100))
                .hasMessageContaining("cannot write " + folder.resolve("step-100") + "/rank-0.")
                .hasMessageContaining("(No space left on device); 0 bytes are free there");
    }

    @Test
    void shouldSayWhenThereIsNoEarlierCheckpoint() throws IOException {
        store.delete("step-50");
        assertThatThrownBy(() -> runs(FaultyStore.fullAfter(store, 0), 100))
                .hasMessageEndingWith("There is no earlier checkpoint in " + folder);
    }

    @Test
    void shouldRemoveTheFolderWhenClosedWithoutCommit() throws IOException {
        try (Memory memory = new Memory();
                CheckpointWriter writer = checkpoints.begin(100)) {
            writer.add("w", Samples.ascending(memory, 0, 1));
        }
        assertThat(store.list("")).containsExactly("step-50");
    }

    /** Writes two tensors; false when killed on the way. */
    private static boolean runs(CheckpointStore store, long step) throws IOException {
        try (Memory memory = new Memory()) {
            CheckpointWriter writer = new Checkpoints(store).begin(step);
            writer.add("w", Samples.ascending(memory, (int) step, 3));
            writer.add("v", Samples.ascending(memory, 0, 1));
            writer.commit(Samples.state("sample", 0));
            return true;
        } catch (FaultyStore.Killed killed) {
            return false;
        }
    }
}
