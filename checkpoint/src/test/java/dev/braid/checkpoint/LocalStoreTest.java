package dev.braid.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LocalStoreTest {
    @TempDir
    Path folder;

    private LocalStore store;

    @BeforeEach
    void prepare() {
        store = new LocalStore(folder.resolve("not/yet/there"));
    }

    @Test
    void shouldMakeTheFoldersThatAFileNeeds() throws IOException {
        assertThat(store.list("")).isEmpty();
        assertThat(store.free()).isPresent();
        write("step-1/a", 1, 2);
        assertThat(store.list("")).containsExactly("step-1");
        assertThat(store.list("step-1")).containsExactly("a");
        assertThat(store.exists("step-1/a")).isTrue();
        assertThat(store.exists("step-1")).isFalse();
    }

    @Test
    void shouldNotCreateAFileTwice() throws IOException {
        write("a", 1);
        assertThatThrownBy(() -> store.create("a")).isInstanceOf(FileAlreadyExistsException.class);
    }

    @Test
    void shouldPublishOnceUnlessToldToReplace() throws IOException {
        store.publish("step-1/manifest.json", new byte[] {1}, false);
        assertThatThrownBy(() -> store.publish("step-1/manifest.json", new byte[] {2}, false))
                .isInstanceOf(FileAlreadyExistsException.class);
        assertThat(Files.readAllBytes(Path.of(store.locate("step-1/manifest.json"))))
                .containsExactly(1);
        store.publish("step-1/manifest.json", new byte[] {3}, true);
        assertThat(Files.readAllBytes(Path.of(store.locate("step-1/manifest.json"))))
                .containsExactly(3);
        assertThat(store.list("step-1")).containsExactly("manifest.json");
    }

    @Test
    void shouldReadAtAnyPositionAndRefuseToReadBeyondTheEnd() throws IOException {
        write("a", 1, 2, 3);
        try (CheckpointStore.Input input = store.open("a")) {
            ByteBuffer two = ByteBuffer.allocate(2);
            input.read(1, two);
            assertThat(two.array()).containsExactly(2, 3);
            assertThat(input.size()).isEqualTo(3);
            assertThatThrownBy(() -> input.read(2, two.clear()))
                    .isInstanceOf(EOFException.class)
                    .hasMessage(store.locate("a") + " ends at byte 3");
        }
        assertThatThrownBy(() -> store.open("b")).isInstanceOf(NoSuchFileException.class);
    }

    @Test
    void shouldDeleteFilesAndFoldersAndNothing() throws IOException {
        write("step-1/a", 1);
        write("step-1/inner/b", 1);
        write("c", 1);
        store.delete("step-1");
        store.delete("c");
        store.delete("c");
        assertThat(store.list("")).isEmpty();
    }

    private void write(String file, int... bytes) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(bytes.length);
        for (int value : bytes) {
            buffer.put((byte) value);
        }
        try (WritableByteChannel channel = store.create(file)) {
            channel.write(buffer.flip());
        }
    }
}
