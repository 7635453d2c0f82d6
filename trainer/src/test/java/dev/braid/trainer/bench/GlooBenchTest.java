package dev.braid.trainer.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GlooBenchTest {
    @TempDir
    private Path folder;

    @Test
    void shouldReadALineAndSkipOthers() {
        assertThat(GlooBench.parse("gloo n=2 all_reduce 16384KB 13981us busbw=1.20GB/s"))
                .contains(new GlooBench.Row(new CommPlan.Point(CommOperation.ALL_REDUCE, 16_777_216), 13_981));
        assertThat(GlooBench.parse("reduce_scatter 4 unsupported")).isEmpty();
    }

    @Test
    void shouldBeFoundOnlyWhenBothVariablesAreGivenAndTheScriptIsThere() throws Exception {
        Map<String, String> environment = Map.of("BRAID_PEERS", folder.toString(), "BRAID_PEERS_PYTHON", "python3");
        assertThat(GlooBench.find(environment)).isEmpty();
        Path script = Files.createFile(folder.resolve("gloo_bench.py"));
        assertThat(GlooBench.find(environment)).contains(new GlooBench(new PeerScript(script, "python3")));
        assertThat(GlooBench.find(Map.of("BRAID_PEERS", folder.toString()))).isEmpty();
    }
}
