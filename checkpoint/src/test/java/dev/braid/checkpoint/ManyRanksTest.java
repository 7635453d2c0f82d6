package dev.braid.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.braid.tensor.Memory;
import dev.braid.tensor.Shape;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Ranks that write one checkpoint together, and what happens when one of them is killed or late. */
class ManyRanksTest {
    private static final int RANKS = 3;

    @TempDir
    Path folder;

    private LocalStore store;
    private Checkpoints checkpoints;

    @BeforeEach
    void prepare() throws IOException {
        store = new LocalStore(folder);
        checkpoints = new Checkpoints(store);
        Samples.write(checkpoints, 50);
    }

    @Test
    void shouldKeepTheEarlierCheckpointWhereverARankIsKilled() throws IOException {
        boolean killed = true;
        for (int change = 0; killed; change++) {
            Attempt attempt = checkpoints.plan(100);
            write(store, attempt, 0);
            killed = write(FaultyStore.killedAt(store, change), attempt, 1).isEmpty();
            write(store, attempt, 2);
            // Its slices never come, so the coordinator does not commit.
            assertThat(checkpoints.latest()).hasValue(50);
            try (CheckpointReader reader = checkpoints.open(50)) {
                assertThat(Samples.floats(reader, "w")).containsExactly(50, 51, 52);
            }
        }
        assertThat(store.list("step-100")).hasSizeGreaterThan(3 * RANKS);
        commitWithAllRanks();
        assertThat(store.list("step-100")).as("without leftovers").hasSize(1 + RANKS);
    }

    @Test
    void shouldNotCommitWithoutTheSlicesOfAKilledRank() throws IOException {
        Attempt attempt = checkpoints.plan(100);
        List<SliceFile> files = new ArrayList<>();
        files.add(write(store, attempt, 0).orElseThrow());
        assertThat(write(FaultyStore.killedAt(store, 2), attempt, 1)).isEmpty();
        files.add(write(store, attempt, 2).orElseThrow());
        assertThatThrownBy(() -> checkpoints.commit(attempt, Samples.state("sample", 0), files))
                .isInstanceOf(InvalidFileException.class)
                .hasMessage("tensor \"w\": no slice has columns 2 until 4");
        assertThat(checkpoints.latest()).hasValue(50);
        checkpoints.abandon(attempt);
        assertThat(store.list("")).containsExactly("step-50");
    }

    @Test
    void shouldKeepTheEarlierCheckpointWhenTheCoordinatorIsKilledAtTheCommit() throws IOException {
        Attempt attempt = checkpoints.plan(100);
        List<SliceFile> files = new ArrayList<>();
        for (int rank = 0; rank < RANKS; rank++) {
            files.add(write(store, attempt, rank).orElseThrow());
        }
        Checkpoints coordinator = new Checkpoints(FaultyStore.killedAt(store, 0));
        assertThatThrownBy(() -> coordinator.commit(attempt, Samples.state("sample", 0), files))
                .isInstanceOf(FaultyStore.Killed.class);
        assertThat(checkpoints.latest()).hasValue(50);
    }

    @Test
    void shouldRefuseSlicesOfAnotherAttemptAndSlicesThatComeTwice() throws IOException {
        Attempt late = checkpoints.plan(100);
        SliceFile stale = write(store, late, 1).orElseThrow();
        Attempt attempt = checkpoints.plan(100);
        SliceFile good = write(store, attempt, 0).orElseThrow();
        assertThatThrownBy(() -> checkpoints.commit(attempt, Samples.state("sample", 0), List.of(good, stale, good)))
                .isInstanceOf(InvalidFileException.class)
                .hasMessage(stale.name() + " is not of attempt " + attempt.id() + ", which was to be committed; "
                        + good.name() + " was handed in twice");
    }

    @Test
    void shouldSayThatStorageMustBeSharedWhenARankWroteToADiskOfItsOwn() throws IOException {
        Attempt attempt = checkpoints.plan(100);
        List<SliceFile> files = new ArrayList<>();
        for (int rank = 0; rank < RANKS; rank++) {
            files.add(write(rank == 1 ? new LocalStore(folder.resolve("other")) : store, attempt, rank)
                    .orElseThrow());
        }
        assertThatThrownBy(() -> checkpoints.commit(attempt, Samples.state("sample", 0), files))
                .isInstanceOf(InvalidFileException.class)
                .hasMessage("the coordinator does not see in " + folder.resolve("step-100")
                        + " what the ranks have written: its file " + attempt.file(1) + " is missing. All ranks must "
                        + "write to the same storage: choose an output folder that all hosts share");
        assertThat(checkpoints.latest()).hasValue(50);
    }

    @Test
    void shouldTellARankThatGoesOnWritingThatItsFolderIsGone() throws IOException {
        Attempt attempt = checkpoints.plan(100);
        try (Memory memory = new Memory();
                SliceWriter slow = checkpoints.writer(attempt, 1)) {
            checkpoints.abandon(attempt);
            slow.add("v", Samples.ascending(memory, 0, 2));
            assertThatThrownBy(slow::finish)
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("cannot write " + folder.resolve("step-100"));
        }
        assertThat(store.list("")).containsExactly("step-50");
    }

    @Test
    void shouldLetRanksShareTheLookAtTheFiles() throws IOException {
        commitWithAllRanks();
        CountingStore counting = new CountingStore(store);
        List<Integer> opened = new ArrayList<>();
        for (int rank = 0; rank < 2; rank++) {
            new Checkpoints(counting).open(100, rank, 2).close();
            opened.add(counting.opened.getAndSet(0));
        }
        assertThat(opened).containsExactly(2, 1);
        assertThat(counting.open).hasValue(0);
        assertThatThrownBy(() -> checkpoints.open(100, 2, 2)).hasMessage("rank 2 is none of 2 ranks");
    }

    @Test
    void shouldLookAtAFileThatAnotherRankWasToLookAtBeforeReadingIt() throws IOException {
        commitWithAllRanks();
        String second = store.list("step-100").stream()
                .filter(name -> name.startsWith("rank-1."))
                .findFirst()
                .orElseThrow();
        Files.write(folder.resolve("step-100").resolve(second), new byte[3]);
        try (CheckpointReader reader = checkpoints.open(100, 0, 2)) {
            assertThatThrownBy(() -> Samples.floats(reader, "w"))
                    .isInstanceOf(InvalidFileException.class)
                    .hasMessageContaining("its file " + second + " has 3 bytes, but must have 16");
        }
        assertThatThrownBy(() -> checkpoints.open(100, 1, 2)).hasMessageContaining("has 3 bytes, but must have 16");
    }

    private void commitWithAllRanks() throws IOException {
        Attempt attempt = checkpoints.plan(100);
        List<SliceFile> files = new ArrayList<>();
        for (int rank = 0; rank < RANKS; rank++) {
            files.add(write(store, attempt, rank).orElseThrow());
        }
        checkpoints.commit(attempt, Samples.state("sample", 0), files);
        try (CheckpointReader reader = checkpoints.open(100)) {
            assertThat(Samples.floats(reader, "w")).containsExactly(0, 1, 10, 11, 20, 21, 2, 3, 12, 13, 22, 23);
        }
    }

    /** Rank i has columns 2 i and 2 i + 1 of "w" [2, 6], which are 10 i, 10 i + 1 and on. Empty when it is killed. */
    private static Optional<SliceFile> write(CheckpointStore store, Attempt attempt, int rank) throws IOException {
        try (Memory memory = new Memory()) {
            SliceWriter writer = new Checkpoints(store).writer(attempt, rank);
            Band band = new Band(2 * rank, 2);
            writer.add("w", Shape.of(2, 6), band, 0, Samples.ascending(memory, 10 * rank, 4), 0, 4);
            return Optional.of(writer.finish());
        } catch (FaultyStore.Killed killed) {
            return Optional.empty();
        }
    }
}
