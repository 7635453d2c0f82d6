package dev.braid.trainer.ranks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.braid.parallelism.Algorithm;
import dev.braid.parallelism.CommunicationSettings;
import dev.braid.parallelism.Reach;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

class RankAssignmentTest {
    static RankAssignment sample() {
        CommunicationSettings settings = CommunicationSettings.of(
                        "a run", 2, "0123456789abcdef".getBytes(StandardCharsets.US_ASCII))
                .withTransport("udp")
                .withReach(Reach.HOST)
                .withAlgorithm(Algorithm.RING)
                .withTimes(Duration.ofSeconds(3), Duration.ofSeconds(40))
                .withBind("veth0")
                .withFlightFolder(Path.of("flight"))
                .withMemoryLimit(1 << 20);
        return RankAssignment.of(3, 4, settings, "{\"x\": \"a\\nb\"}");
    }

    @Test
    void shouldComeThroughALineAsItWas() {
        String line = RankLine.of(RankLine.Kind.ASSIGNMENT, sample()).text();
        assertThat(line).startsWith("assignment {").doesNotContain("\n");
        assertThat(RankLine.parse(line).value(RankAssignment.class))
                .usingRecursiveComparison()
                .isEqualTo(sample());
    }

    @Test
    void shouldGiveBackTheSettingsThatItWasMadeWith() {
        CommunicationSettings settings = sample().settings();
        assertThat(settings.bind()).contains("veth0");
        assertThat(settings.flightFolder()).contains(Path.of("flight"));
        assertThat(settings.deadline()).isEqualTo(Duration.ofSeconds(3));
        assertThat(settings.patience()).isEqualTo(Duration.ofSeconds(40));
        assertThat(RankAssignment.of(3, 4, settings, sample().task()))
                .usingRecursiveComparison()
                .isEqualTo(sample());
    }

    @Test
    void shouldNotPrintTheSecret() {
        assertThat(sample().toString())
                .isEqualTo("rank 3 of 4, run a run, attempt 2, transport udp, algorithm RING, deadline PT3S,"
                        + " patience PT40S");
    }

    @Test
    void shouldRefuseALineThatIsNone() {
        assertThatThrownBy(() -> RankLine.parse("WARNING: Using incubator modules"))
                .hasMessage("no line of a rank or its launcher: WARNING: Using incubator modules");
        assertThatThrownBy(() -> RankLine.parse("event")).hasMessageStartingWith("no line of a rank");
    }

    @Test
    void shouldInheritFlagsButNotWhatBelongsToOneProcess() {
        assertThat(RankJvm.inherited(List.of(
                        "-Xmx4g",
                        "--add-modules=jdk.incubator.vector",
                        "-agentlib:jdwp=transport=dt_socket,server=y,address=5005",
                        "-XX:+UseParallelGC")))
                .containsExactly("--add-modules=jdk.incubator.vector", "-XX:+UseParallelGC", "-Xms32m", "-Xmx512m");
    }

    @Test
    void shouldPutThePrefixBeforeJavaAndTheMainClassLast() {
        List<String> words = RankJvm.of(ProbeRank.class)
                .withPrefix("ip", "netns", "exec", "a")
                .withFlags("-Dx=1")
                .command();
        assertThat(words).startsWith("ip", "netns", "exec", "a").contains("-Dx=1");
        assertThat(words.get(4)).endsWith("/bin/java");
        assertThat(words).endsWith("-cp", System.getProperty("java.class.path"), ProbeRank.class.getName());
    }
}
