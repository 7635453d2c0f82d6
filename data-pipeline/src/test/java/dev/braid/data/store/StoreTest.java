package dev.braid.data.store;

import static org.assertj.core.api.Assertions.assertThat;

import dev.braid.data.support.FarFileSystem;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StoreTest {
    @TempDir
    private Path folder;

    private Store store;

    @BeforeEach
    void open() throws IOException {
        store = Store.at(folder.toString(), new Configuration());
    }

    private Store work(String name, String content) throws IOException {
        Store work = store.resolve(name);
        work.createFolder();
        work.write("a", content.getBytes(StandardCharsets.UTF_8));
        return work;
    }

    @Test
    void shouldTakeTheNameWhenItIsFree() throws IOException {
        assertThat(work("work", "first").publish("done")).isTrue();
        assertThat(store.list()).containsExactly("done");
    }

    @Test
    void shouldLeaveTheWinnerAloneWhenTheNameIsTaken() throws IOException {
        work("one", "first").publish("done");
        assertThat(work("two", "second").publish("done")).isFalse();
        assertThat(Files.readString(folder.resolve("done/a"))).isEqualTo("first");
        assertThat(store.list()).containsExactly("done", "two");
    }

    @Test
    void shouldLetTheFirstWinWhenStorageIsElsewhere() throws IOException {
        store = Store.at("far:" + folder, FarFileSystem.configuration());
        assertThat(work("one", "first").publish("done")).isTrue();
        assertThat(work("two", "second").publish("done")).isFalse();
        assertThat(Files.readString(folder.resolve("done/a"))).isEqualTo("first");
        assertThat(store.list()).containsExactly("done", "two");
        assertThat(store.local("done")).isEmpty();
    }

    @Test
    void shouldKeepTheFirstFileWhenAnAttemptSettlesAgainElsewhere() throws IOException {
        store = Store.at("far:" + folder, FarFileSystem.configuration());
        store.write("x.one", new byte[] {1});
        store.settle("x.one", "x");
        assertThat(store.list()).containsExactly("x");
    }

    @Test
    void shouldReplaceTheFileWhenAnAttemptSettlesAgain() throws IOException {
        store.write("x.one", new byte[] {1});
        store.write("x.two", new byte[] {1});
        store.settle("x.one", "x");
        store.settle("x.two", "x");
        assertThat(store.list()).containsExactly("x");
    }

    @Test
    void shouldListNothingWhenTheFolderDoesNotExist() throws IOException {
        assertThat(store.resolve("absent").list()).isEmpty();
        assertThat(store.resolve("absent").exists()).isFalse();
    }
}
