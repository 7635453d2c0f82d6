package dev.braid.trainer.ranks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.braid.parallelism.CommunicationException;
import dev.braid.parallelism.transport.RankAddress;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(180)
class RankProcessesTest {
    private static final Duration DEADLINE = Duration.ofMinutes(1);

    @Test
    void shouldTellEveryRankTheAddressesOfAll() throws InterruptedException {
        try (RankProcesses ranks = ProbeRank.start(3, Map.of(0, "list", 1, "list", 2, "list"))) {
            ranks.meet(DEADLINE);
            String expected = "[" + ranks.rank(0).pid() + "," + ranks.rank(1).pid() + ","
                    + ranks.rank(2).pid() + "]";
            for (int rank = 0; rank < 3; rank++) {
                assertThat(ranks.rank(rank).event(DEADLINE)).contains(expected);
            }
            assertThat(ranks.await(DEADLINE)).allMatch(RankEnd::well).hasSize(3);
        }
    }

    @Test
    void shouldTellEachRankItsOwnViewOfTheAddresses() throws InterruptedException {
        try (RankProcesses ranks = ProbeRank.start(2, Map.of(0, "list", 1, "list"))) {
            List<RankAddress> all = ranks.addresses(DEADLINE);
            ranks.introduce(rank -> rank == 0 ? all : all.reversed());
            assertThat(ranks.rank(0).event(DEADLINE))
                    .contains("[" + ranks.rank(0).pid() + "," + ranks.rank(1).pid() + "]");
            assertThat(ranks.rank(1).event(DEADLINE))
                    .contains("[" + ranks.rank(1).pid() + "," + ranks.rank(0).pid() + "]");
        }
    }

    @Test
    void shouldCarryTheErrorOfARankWithTheRanksThatItNames() throws InterruptedException {
        try (RankProcesses ranks = ProbeRank.start(1, Map.of(0, "fail"))) {
            ranks.meet(DEADLINE);
            RankEnd end = ranks.await(DEADLINE).getFirst();
            assertThat(end.exitCode()).isEqualTo(RankSession.FAILED);
            assertThat(end.error())
                    .contains(new RankError(
                            CommunicationException.class.getName(), "ranks 0 and 2 are gone", "DEAD", List.of(0, 2)));
            assertThat(ranks.describe(end)).isEqualTo("rank 0 failed: ranks 0 and 2 are gone");
            assertThat(ranks.rank(0).output()).contains("\tat dev.braid.trainer.ranks.ProbeRank.run");
        }
    }

    @Test
    void shouldNameARankThatEndsBeforeTheyMeetAndShowWhatItPrinted() {
        try (RankProcesses ranks = ProbeRank.start(2, Map.of(1, "vanish"))) {
            assertThatThrownBy(() -> ranks.meet(DEADLINE))
                    .isInstanceOf(RankProcessException.class)
                    .hasMessageStartingWith("rank 1 ended with exit code 7; it printed: ")
                    .hasMessageContaining("out of luck")
                    .hasMessageEndingWith(", before the ranks met");
        }
    }

    @Test
    void shouldNameARankThatHasNoAddressInTime() {
        try (RankProcesses ranks = ProbeRank.start(1, Map.of())) {
            assertThatThrownBy(() -> ranks.meet(Duration.ZERO))
                    .isInstanceOf(RankProcessException.class)
                    .hasMessageStartingWith("rank 0 (process " + ranks.rank(0).pid() + ") had no address after 0 s");
        }
    }

    @Test
    void shouldSayWhatToLookAtWhenAJvmCanNotBeStarted() {
        RankJvm jvm = RankJvm.of(ProbeRank.class).withPrefix("no-such-program-anywhere");
        RankAssignment assignment = RankAssignmentTest.sample();
        assertThatThrownBy(() -> RankProcesses.start(jvm, List.of(assignment)))
                .isInstanceOf(RankProcessException.class)
                .hasMessageStartingWith("the JVM of rank 3 can't be started: ")
                .hasMessageContaining("no-such-program-anywhere");
    }

    @Test
    void shouldSeeAKill() throws InterruptedException {
        try (RankProcesses ranks = ProbeRank.start(2, Map.of())) {
            ranks.meet(DEADLINE);
            ranks.rank(1).kill();
            RankEnd end = ranks.rank(1).await(DEADLINE).orElseThrow();
            assertThat(end.exitCode()).isEqualTo(128 + 9);
            assertThat(end.error()).isEmpty();
            assertThat(ranks.rank(0).alive()).isTrue();
            ranks.rank(0).send("end");
            assertThat(ranks.rank(0).await(DEADLINE).orElseThrow().well()).isTrue();
        }
    }

    @Test
    @EnabledOnOs(OS.LINUX)
    void shouldPauseAndResume() throws IOException, InterruptedException {
        try (RankProcesses ranks = ProbeRank.start(1, Map.of())) {
            ranks.meet(DEADLINE);
            RankProcess rank = ranks.rank(0);
            rank.pause();
            awaitState(rank, 'T');
            rank.send("still there?");
            assertThat(rank.event(Duration.ofMillis(50))).isEmpty();
            rank.resume();
            assertThat(rank.event(DEADLINE)).contains("\"still there?\"");
        }
    }

    @Test
    void shouldEndRanksThatDoNotListenAndThoseThatArePaused() throws InterruptedException {
        long hanging;
        long paused;
        try (RankProcesses ranks = ProbeRank.start(2, Map.of(0, "hang"))) {
            ranks.meet(DEADLINE);
            assertThat(ranks.rank(0).event(DEADLINE)).contains("\"hanging\"");
            ranks.rank(1).pause();
            hanging = ranks.rank(0).pid();
            paused = ranks.rank(1).pid();
        }
        assertThat(ProcessHandle.of(hanging).filter(ProcessHandle::isAlive)).isEmpty();
        assertThat(ProcessHandle.of(paused).filter(ProcessHandle::isAlive)).isEmpty();
    }

    /** {@code kill} runs the launcher's shutdown hook, as Ctrl-C does; {@code kill -9} runs nothing. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void shouldLeaveNoRankBehindWhenTheLauncherIsKilled(boolean forcibly) throws InterruptedException {
        try (RankProcesses launcher = ProbeRank.start(1, Map.of(0, "launch"))) {
            launcher.meet(DEADLINE);
            Optional<String> event = launcher.rank(0).event(DEADLINE);
            assertThat(event).as(launcher.rank(0).output()).isPresent();
            List<ProcessHandle> grandchildren = List.of(RankLine.value(event.get(), Long[].class)).stream()
                    .map(pid -> ProcessHandle.of(pid).orElseThrow())
                    .toList();
            assertThat(grandchildren).allMatch(ProcessHandle::isAlive);
            ProcessHandle process = ProcessHandle.of(launcher.rank(0).pid()).orElseThrow();
            assertThat(forcibly ? process.destroyForcibly() : process.destroy()).isTrue();
            long until = System.nanoTime() + DEADLINE.toNanos();
            while (grandchildren.stream().anyMatch(ProcessHandle::isAlive)) {
                assertThat(System.nanoTime()).as("a rank outlived its launcher").isLessThan(until);
                Thread.sleep(20);
            }
        }
    }

    @Test
    @EnabledOnOs(OS.LINUX)
    void shouldKeepTheSecretOffTheCommandLineAndOutOfTheEnvironment() throws IOException, InterruptedException {
        try (RankProcesses ranks = ProbeRank.start(1, Map.of())) {
            ranks.meet(DEADLINE);
            Path process = Path.of("/proc", Long.toString(ranks.rank(0).pid()));
            byte[] secret = "sixteen bytes or more".getBytes(StandardCharsets.US_ASCII);
            for (String file : List.of("cmdline", "environ")) {
                assertThat(Files.readString(process.resolve(file), StandardCharsets.ISO_8859_1))
                        .isNotEmpty()
                        .doesNotContain("sixteen bytes", Base64.getEncoder().encodeToString(secret));
            }
        }
    }

    private static void awaitState(RankProcess rank, char state) throws IOException, InterruptedException {
        long until = System.nanoTime() + DEADLINE.toNanos();
        Path status = Path.of("/proc", Long.toString(rank.pid()), "stat");
        while (!Files.readString(status).replaceFirst(".*\\) ", "").startsWith(String.valueOf(state))) {
            assertThat(System.nanoTime()).as(Files.readString(status)).isLessThan(until);
            Thread.sleep(5);
        }
    }
}
