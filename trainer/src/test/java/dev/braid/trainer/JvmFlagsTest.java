package dev.braid.trainer;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.apache.spark.launcher.JavaModuleOptions;
import org.junit.jupiter.api.Test;

class JvmFlagsTest {
    @Test
    void shouldPassEverythingThatThisSparkNeeds() throws IOException {
        List<String> flags = Files.readAllLines(Path.of("src/main/launcher/jvm.flags"));

        assertThat(flags)
                .containsAll(Arrays.stream(JavaModuleOptions.defaultModuleOptionArray())
                        .filter(flag -> !flag.equals("-XX:+IgnoreUnrecognizedVMOptions"))
                        .filter(flag -> !flag.contains("sun.security.action"))
                        .toList());
    }
}
