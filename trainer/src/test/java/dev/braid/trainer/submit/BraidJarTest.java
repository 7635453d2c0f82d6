package dev.braid.trainer.submit;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.jar.Attributes;
import java.util.jar.JarFile;
import java.util.zip.ZipEntry;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What spark-submit is given. */
@Tag("submit")
class BraidJarTest {
    private static final Path JAR = Path.of("target/braid.jar");

    @Test
    void shouldHoldNothingThatSparkShips() throws IOException {
        assertThat(entries())
                .noneMatch(name -> name.matches(
                        "(META-INF/versions/\\d+/)?(org/apache/(spark|hadoop|logging|commons|avro|parquet)|scala|com/fasterxml|org/slf4j|org/yaml"
                                + "|io/netty|com/google/common|com/google/protobuf)/.*"));
    }

    @Test
    void shouldHoldEveryModuleAndTheCommandLine() throws IOException {
        assertThat(entries())
                .contains(
                        "dev/braid/trainer/Braid.class",
                        "dev/braid/tensor/Tensor.class",
                        "dev/braid/config/Key.class",
                        "picocli/CommandLine.class",
                        "log4j2.properties");
    }

    @Test
    void shouldHoldEachNameOnceAndNoSignature() throws IOException {
        assertThat(entries())
                .doesNotHaveDuplicates()
                .noneMatch(name -> name.matches("META-INF/[^/]*\\.(SF|DSA|RSA)"))
                .doesNotContain("module-info.class");
    }

    @Test
    void shouldHoldNativeLibrariesOfOnePlatformOnly() throws IOException {
        assertThat(entries())
                .filteredOn(name -> name.matches(".*\\.(so|dll|dylib|jnilib|a)(\\.\\d+)*"))
                .hasSizeGreaterThan(5)
                .allMatch(name -> name.contains("/linux-x86-64/") || name.contains("/linux-x86_64"));
    }

    @Test
    void shouldStartTheCommandLine() throws IOException {
        try (JarFile jar = new JarFile(JAR.toFile())) {
            Attributes main = jar.getManifest().getMainAttributes();
            assertThat(main.getValue(Attributes.Name.MAIN_CLASS)).isEqualTo("dev.braid.trainer.Braid");
            assertThat(main.getValue(Attributes.Name.MULTI_RELEASE)).isEqualTo("true");
        }
    }

    @Test
    void shouldFindEverythingElseInSpark() throws IOException {
        List<String> rest = jars(Path.of("target/classpath.txt"));

        assertThat(rest)
                .hasSizeGreaterThan(100)
                .isSubsetOf(jars(Path.of("../data-pipeline/target/spark-classpath.txt")));
    }

    private static List<String> jars(Path file) throws IOException {
        return List.of(Files.readString(file).strip().split(File.pathSeparator));
    }

    private static List<String> entries() throws IOException {
        try (JarFile jar = new JarFile(JAR.toFile())) {
            return jar.stream()
                    .filter(entry -> !entry.isDirectory())
                    .map(ZipEntry::getName)
                    .toList();
        }
    }
}
