package dev.braid.tensor.matmul;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.OutputStream;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class NativeLibraryCacheTest {
    @TempDir
    private Path folder;

    private URLClassLoader jarWith(String content) throws IOException {
        Path jar = folder.resolve("library.jar");
        try (OutputStream stream = Files.newOutputStream(jar);
                JarOutputStream out = new JarOutputStream(stream)) {
            for (String name : List.of("one.so", "two.so")) {
                out.putNextEntry(new JarEntry("lib/" + name));
                out.write((name + content).getBytes(StandardCharsets.UTF_8));
                out.closeEntry();
            }
        }
        return new URLClassLoader(new URL[] {jar.toUri().toURL()}, null);
    }

    private Path extract(URLClassLoader loader) throws IOException {
        return new NativeLibraryCache(folder.resolve("cache")).extract(loader, "lib/", List.of("one.so", "two.so"));
    }

    @Test
    void shouldCopyTheLibrariesIntoOneFolder() throws IOException {
        try (URLClassLoader loader = jarWith("1")) {
            Path target = extract(loader);
            assertThat(target.resolve("one.so")).hasContent("one.so1");
            assertThat(target.resolve("two.so")).hasContent("two.so1");
            assertThat(target).isDirectoryNotContaining("glob:**.tmp");
        }
    }

    @Test
    void shouldUseTheSameFolderAgainForTheSameContent() throws IOException {
        try (URLClassLoader loader = jarWith("1")) {
            Path target = extract(loader);
            Files.setLastModifiedTime(target.resolve("one.so"), java.nio.file.attribute.FileTime.fromMillis(1000));
            assertThat(extract(loader)).isEqualTo(target);
            assertThat(Files.getLastModifiedTime(target.resolve("one.so")).toMillis())
                    .isEqualTo(1000);
        }
    }

    @Test
    void shouldReplaceAFileThatWasDamaged() throws IOException {
        try (URLClassLoader loader = jarWith("1")) {
            Path target = extract(loader);
            Files.writeString(target.resolve("one.so"), "xxxxxx1");
            Files.writeString(target.resolve("two.so"), "short");
            extract(loader);
            assertThat(target.resolve("one.so")).hasContent("one.so1");
            assertThat(target.resolve("two.so")).hasContent("two.so1");
        }
    }

    @Test
    void shouldUseAnotherFolderForOtherContent() throws IOException {
        Path first;
        try (URLClassLoader loader = jarWith("1")) {
            first = extract(loader);
        }
        try (URLClassLoader loader = jarWith("2")) {
            assertThat(extract(loader)).isNotEqualTo(first);
        }
    }

    @Test
    void shouldNameTheResourceThatIsMissing() throws IOException {
        try (URLClassLoader loader = jarWith("1")) {
            NativeLibraryCache cache = new NativeLibraryCache(folder);
            assertThatThrownBy(() -> cache.extract(loader, "lib/", List.of("three.so")))
                    .isInstanceOf(IOException.class)
                    .hasMessage("the class path has no lib/three.so");
        }
    }

    @Test
    void shouldLetSeveralThreadsExtractAtOnce() throws Exception {
        try (URLClassLoader loader = jarWith("1");
                ExecutorService threads = Executors.newFixedThreadPool(4)) {
            List<Future<Path>> results = threads.invokeAll(java.util.Collections.nCopies(8, () -> extract(loader)));
            for (Future<Path> result : results) {
                assertThat(result.get().resolve("one.so")).hasContent("one.so1");
            }
        }
    }
}
