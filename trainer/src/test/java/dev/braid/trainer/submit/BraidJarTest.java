package dev.braid.trainer.submit;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
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
                .noneMatch(name -> name.matches(".*/(windows|macosx|android|ios|linux-(x86|armhf|ppc64le))[^/]*/.*"));
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
    void shouldFindTheRestOnTheClassPathThatSparkShips() throws IOException {
        List<String> jars = Arrays.stream(Files.readString(Path.of("target/classpath.txt"))
                        .strip()
                        .split(File.pathSeparator))
                .map(jar -> Path.of(jar).getFileName().toString())
                .toList();

        assertThat(jars)
                .anyMatch(jar -> jar.startsWith("spark-core_2.13-"))
                .anyMatch(jar -> jar.startsWith("jackson-databind-"))
                .noneMatch(jar -> jar.matches("(junit|assertj|archunit|picocli|nd4j|dnnl|javacpp|openblas).*"));
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
