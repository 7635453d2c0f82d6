package dev.braid.parallelism.memory;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ThisProcessTest {
    @Test
    void shouldNameTheKernelAndTheNamespace(@TempDir Path folder) throws IOException {
        Path boot = Files.writeString(folder.resolve("boot"), "5a1e-77\n");
        Path namespace = Files.createSymbolicLink(folder.resolve("pid"), Path.of("pid:[4026]"));
        assertThat(ThisProcess.hostId(boot, namespace)).isEqualTo("5a1e-77/pid:[4026]");
    }

    @Test
    void shouldNameTheHostWhereThereIsNoSuchFile(@TempDir Path folder) {
        Path none = folder.resolve("none");
        assertThat(ThisProcess.hostId(none, none)).isEqualTo(ThisProcess.hostName());
    }

    @Test
    void shouldKeepItsKey() {
        assertThat(ThisProcess.processKey()).hasSize(36).isEqualTo(ThisProcess.processKey());
    }
}
