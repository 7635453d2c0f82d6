package dev.braid.tensor.matmul;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.braid.tensor.DType;
import dev.braid.tensor.Memory;
import dev.braid.tensor.Workers;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class MatmulTableTest {
    private static final MatmulSpec ANY = MatmulSpec.dense(4, 4, 4, false, false, DType.F32, DType.F32, false);

    @ParameterizedTest
    @ValueSource(strings = {"onednn", "nd4j", "vector"})
    void shouldGiveEverythingToANamedEngine(String engine) {
        MatmulTable table = MatmulTable.of(engine);
        assertThat(table.engine(ANY)).isEqualTo(engine);
        assertThat(table.engines()).containsExactly(engine);
        assertThat(table.describe()).isEqualTo("every product: " + engine);
    }

    @Test
    void shouldPreferOneDnnAndFallBackToTheVectorEngineWhenChoosingItself() {
        assertThat(MatmulTable.automatic(null).engine(ANY)).isEqualTo("onednn");
        assertThat(MatmulTable.automatic("no oneDNN library for linux-riscv64 is on the class path")
                        .engine(ANY))
                .isEqualTo("vector");
    }

    @Test
    void shouldRunEveryEngineOnLinuxWithAvx512() throws IOException {
        assumeTrue(linuxWithAvx512(), "not Linux on x86-64 with AVX-512");
        assertThat(Engines.here()).containsExactly("vector", "onednn", "nd4j");
        try (Workers workers = new Workers(1, "test");
                Memory memory = new Memory()) {
            assertThat(describe(workers, memory, "onednn")).startsWith("onednn 3.11.0, ");
            assertThat(describe(workers, memory, "nd4j")).startsWith("nd4j");
            assertThat(describe(workers, memory, "vector")).startsWith("vector ");
            assertThat(describe(workers, memory, "auto")).startsWith("onednn");
        }
    }

    private static boolean linuxWithAvx512() throws IOException {
        Path flags = Path.of("/proc/cpuinfo");
        return Files.isReadable(flags)
                && System.getProperty("os.arch").equals("amd64")
                && Files.readString(flags).contains(" avx512f ");
    }

    private static String describe(Workers workers, Memory memory, String engine) {
        try (Matmul matmul = new Matmul(workers, memory, engine)) {
            return matmul.describe();
        }
    }

    @Test
    void shouldSayWhyNd4jCannotRunOnAnotherPlatform() {
        assertThat(Nd4jLibrary.missing("Mac OS X-aarch64", "", null, "0"))
                .isEqualTo(
                        "ND4J's native library is on the class path for linux-amd64 only, and this is Mac OS X-aarch64");
    }

    @Test
    void shouldSayWhyNd4jCannotRunWithoutAvx512() {
        assertThat(Nd4jLibrary.missing("Linux-amd64", "sse4_2 avx2", null, "0"))
                .isEqualTo("ND4J is on the class path in its build -onednn-avx512, and this processor has no AVX-512");
    }

    @Test
    void shouldSayWhichPropertyNd4jNeedsWhenAnotherBuildWasAskedFor() {
        assertThat(Nd4jLibrary.missing("Linux-amd64", "avx2 avx512f avx512bw", "-avx2", "0"))
                .contains("-Dorg.bytedeco.javacpp.platform.extension=-avx2 asks for another build of ND4J")
                .contains("leave the property out or set it to -onednn-avx512");
    }

    @Test
    void shouldSayWhichPropertyNd4jNeedsToWorkBesideLargeTensors() {
        assertThat(Nd4jLibrary.missing("Linux-amd64", "avx512f", null, null))
                .isEqualTo("ND4J would fail as soon as tensors outgrow a multiple of the Java heap: start the JVM with"
                        + " -Dorg.bytedeco.javacpp.maxphysicalbytes=0");
    }

    @Test
    void shouldAcceptNd4jWithOrWithoutTheExtensionProperty() {
        assertThat(Nd4jLibrary.missing("Linux-amd64", "avx512f", null, "0")).isNull();
        assertThat(Nd4jLibrary.missing("Linux-amd64", "avx512f", "-onednn-avx512", "0"))
                .isNull();
    }

    @Test
    void shouldSayWhichEngineIsMissingAndWhatToUseInstead() {
        assertThat(MatmulTable.unavailable("onednn", "no oneDNN library for linux-aarch64 is on the class path"))
                .isEqualTo("engine 'onednn' cannot run here: no oneDNN library for linux-aarch64 is on the class path;"
                        + " or use engine 'auto' or 'vector'");
    }
}
