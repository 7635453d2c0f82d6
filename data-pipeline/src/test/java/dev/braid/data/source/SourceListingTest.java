package dev.braid.data.source;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.braid.data.DataException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SourceListingTest {
    @TempDir
    private Path folder;

    private void file(String name) throws IOException {
        Path file = folder.resolve(name);
        Files.createDirectories(file.getParent());
        Files.writeString(file, name);
    }

    private List<String> names(String path) throws IOException {
        return SourceListing.list(path, new Configuration()).stream()
                .map(SourceFile::name)
                .toList();
    }

    @Test
    void shouldFindKnownExtensionsWhenAFolderIsSearched() throws IOException {
        for (String name : List.of(
                "a.txt",
                "deep/er/b.TXT",
                "c.jsonl",
                "d.jsonl.gz",
                "e.txt.gz",
                "f.parquet",
                "g.zip",
                "h.java",
                "i.gz",
                "j.tar.gz",
                ".hidden.txt",
                "_logs/k.txt",
                "deep/.git/l.txt")) {
            file(name);
        }
        assertThat(names(folder.toString()))
                .containsExactlyInAnyOrder(
                        "a.txt", "deep/er/b.TXT", "c.jsonl", "d.jsonl.gz", "e.txt.gz", "f.parquet", "g.zip");
    }

    @Test
    void shouldReadAnyTextWhenAGlobMatches() throws IOException {
        for (String name : List.of("A.java", "x/B.java", "x/y/C.java", "x/y/d.txt")) {
            file(name);
        }
        assertThat(names(folder + "/**/*.java")).containsExactlyInAnyOrder("A.java", "x/B.java", "x/y/C.java");
        assertThat(names(folder + "/*.java")).containsExactly("A.java");
        assertThat(names(folder + "/x/y/[a-d].{txt,md}")).containsExactly("d.txt");
    }

    @Test
    void shouldFindOneFileWhenItIsNamed() throws IOException {
        file("notes.md");
        assertThat(names(folder + "/notes.md")).containsExactly("notes.md");
        assertThat(names("file:" + folder + "/notes.md")).containsExactly("notes.md");
    }

    @Test
    void shouldOrderByHashWhenAFolderHasManyFiles() throws IOException {
        for (int number = 0; number < 20; number++) {
            file(number + ".txt");
        }
        List<String> names = names(folder.toString());
        assertThat(names).isNotEqualTo(names.stream().sorted().toList());
        assertThat(names.subList(0, 4))
                .containsExactly(names("file:" + folder).subList(0, 4).toArray(String[]::new));
    }

    @Test
    void shouldRejectWhenThePathIsMissing() {
        assertThatThrownBy(() -> names(folder + "/absent"))
                .isInstanceOf(DataException.class)
                .hasMessage("source '" + folder + "/absent': no such file or folder (looked for file:" + folder
                        + "/absent); check the spelling; a path without a leading / counts from the folder "
                        + System.getProperty("user.dir"));
        assertThatThrownBy(() -> names(folder + "/absent/*.txt"))
                .hasMessageContaining("looked for file:" + folder + "/absent)");
    }

    @Test
    void shouldRejectWhenNothingCanBeRead() throws IOException {
        file("x.java");
        assertThatThrownBy(() -> names(folder.toString()))
                .isInstanceOf(DataException.class)
                .hasMessage("source '" + folder
                        + "' has nothing to read; a folder is searched for .txt, .jsonl, .parquet, .zip,"
                        + " .txt.gz, .jsonl.gz, and a glob such as folder/**/*.java reads any other text");
    }

    @Test
    void shouldRejectWhenAnArchiveIsOfAnUnknownKind() throws IOException {
        file("x.tar.gz");
        assertThatThrownBy(() -> names(folder + "/x.tar.gz"))
                .isInstanceOf(DataException.class)
                .hasMessage("file:" + folder
                        + "/x.tar.gz: .tar.gz files are not read; unpack it, or use one of .txt, .jsonl, .parquet,"
                        + " .zip, .txt.gz, .jsonl.gz");
    }

    @Test
    void shouldRejectWhenTheFileSystemIsUnknown() {
        assertThatThrownBy(() -> names("nosuch://host/x"))
                .isInstanceOf(DataException.class)
                .hasMessage(
                        "source 'nosuch://host/x': No FileSystem for scheme \"nosuch\"; add the file system's jar to Spark"
                                + " (--packages), or use a path with file: or hdfs:");
    }

    @Test
    void shouldRejectWhenThePathOrGlobIsMalformed() {
        assertThatThrownBy(() -> names("a:b:c"))
                .isInstanceOf(DataException.class)
                .hasMessageStartingWith("source 'a:b:c' is not a path: ");
        assertThatThrownBy(() -> names(folder + "/{a"))
                .isInstanceOf(DataException.class)
                .hasMessageStartingWith("source '" + folder + "/{a' is not a glob: Missing '}");
    }
}
