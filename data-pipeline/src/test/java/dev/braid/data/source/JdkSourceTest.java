package dev.braid.data.source;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.braid.data.DataException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class JdkSourceTest {
    @TempDir
    private Path home;

    @BeforeEach
    void folder() throws IOException {
        Files.createDirectories(home.resolve("lib"));
    }

    private List<String> read(long limit) throws IOException {
        List<String> documents = new ArrayList<>();
        new JdkSource(home).read(limit, document -> documents.add(new String(document, StandardCharsets.UTF_8)));
        return documents;
    }

    @Test
    void shouldReadJavaFilesInTheOrderOfAHashWhenAllAreTaken() throws IOException {
        try (ZipOutputStream zip = new ZipOutputStream(Files.newOutputStream(home.resolve("lib/src.zip")))) {
            for (int number = 0; number < 10; number++) {
                zip.putNextEntry(new ZipEntry("java.base/C" + number + ".java"));
                zip.write(("class C" + number + " {}").getBytes(StandardCharsets.UTF_8));
            }
            zip.putNextEntry(new ZipEntry("java.base/readme.html"));
        }
        List<String> all = read(Part.UNLIMITED);
        assertThat(all).hasSize(10).allMatch(text -> text.startsWith("class C"));
        assertThat(all).isNotEqualTo(all.stream().sorted().toList());
        assertThat(read(25)).isEqualTo(all.subList(0, 3));
    }

    @Test
    void shouldSayWhatToInstallWhenTheJdkHasNoSources() {
        assertThatThrownBy(() -> new JdkSource(home).identity())
                .isInstanceOf(DataException.class)
                .hasMessage("jdk-source: this JDK has no sources (" + home
                        + "/lib/src.zip is missing); install the package with src.zip"
                        + " (often called ...-jdk-source or ...-src), or use a folder of your own");
    }

    @Test
    void shouldNameTheArchiveWhenItIsDamaged() throws IOException {
        Files.writeString(home.resolve("lib/src.zip"), "no archive");
        assertThatThrownBy(() -> read(5))
                .isInstanceOf(DataException.class)
                .hasMessage("jdk-source: " + home
                        + "/lib/src.zip can't be unpacked: zip END header not found; install the JDK's"
                        + " sources again, or use a folder of your own");
    }
}
