package dev.braid.trainer.mesh;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.braid.parallelism.CommunicationSettings;
import dev.braid.parallelism.Reach;
import dev.braid.parallelism.transport.RankAddress;
import dev.braid.trainer.bench.CommBenchmark;
import dev.braid.trainer.ranks.RankAssignment;
import dev.braid.trainer.ranks.RankEnd;
import dev.braid.trainer.ranks.RankJvm;
import dev.braid.trainer.ranks.RankProcesses;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A training run on ranks in JVMs of their own, one of which fails again and again, each time after the run has gone on from its last
 * checkpoint. Checks what the others say and what all leave behind.
 *
 * @param folder of the run
 * @param ranks how many there are
 * @param victim the one that fails
 * @param transport how they talk
 */
record MortalWorld(Path folder, int ranks, int victim, String transport) {
    private static final Duration DEADLINE = Duration.ofSeconds(5);
    private static final Duration HANG = Duration.ofMinutes(5);
    private static final ObjectMapper MAPPER = new ObjectMapper();

    /**
     * Trains until the victim is killed, and expects of all others that they end within the deadline with an error that names it.
     *
     * @param last action or axis after which that happens, see {@link MortalRank.Task}
     * @param losses by step; takes in those of the steps that were told
     */
    void kill(List<String> overrides, String last, int count, Map<Long, Double> losses) throws Exception {
        try (RankProcesses processes = start(overrides, MortalRank.Fate.IS_KILLED, last, count)) {
            List<RankAddress> addresses = meet(processes);
            RankEnd end = processes.rank(victim).await(HANG).orElseThrow();
            assertThat(end.exitCode()).as(processes.rank(victim).output()).isEqualTo(MortalRank.KILLED);
            checkOthers(processes, "rank " + victim, losses);
            checkFolders(addresses);
        }
    }

    /** The same with a victim whose program throws. It leaves as little behind as the others. */
    void fail(List<String> overrides, String last, int count, Map<Long, Double> losses) throws Exception {
        try (RankProcesses processes = start(overrides, MortalRank.Fate.THROWS, last, count)) {
            List<RankAddress> addresses = meet(processes);
            RankEnd end = processes.rank(victim).await(HANG).orElseThrow();
            assertThat(end.error().orElseThrow().message())
                    .as(processes.rank(victim).output())
                    .isEqualTo(MortalRank.FAILURE);
            checkOthers(processes, "rank " + victim + " failed: IllegalStateException: " + MortalRank.FAILURE, losses);
            hear(processes, victim, losses);
            checkFolders(addresses);
        }
    }

    /** Trains to the end. */
    void finish(List<String> overrides, Map<Long, Double> losses) throws Exception {
        try (RankProcesses processes = start(overrides, MortalRank.Fate.LIVES, "", 0)) {
            List<RankAddress> addresses = meet(processes);
            for (RankEnd end : processes.await(HANG)) {
                assertThat(end.well()).as(processes.describe(end)).isTrue();
                hear(processes, end.rank(), losses);
            }
            checkFolders(addresses);
        }
    }

    private RankProcesses start(List<String> overrides, MortalRank.Fate fate, String last, int count) throws Exception {
        CommunicationSettings settings = CommBenchmark.settings()
                .withReach(Reach.HOST)
                .withTransport(transport)
                .withTimes(DEADLINE, DEADLINE.multipliedBy(4));
        List<RankAssignment> assignments = new ArrayList<>();
        for (int rank = 0; rank < ranks; rank++) {
            MortalRank.Task task = new MortalRank.Task(
                    folder.toString(), overrides, rank == victim ? fate : MortalRank.Fate.LIVES, last, count);
            assignments.add(RankAssignment.of(rank, ranks, settings, MAPPER.writeValueAsString(task)));
        }
        return RankProcesses.start(RankJvm.of(MortalRank.class), assignments);
    }

    private static List<RankAddress> meet(RankProcesses processes) throws InterruptedException {
        List<RankAddress> addresses = processes.addresses(HANG);
        processes.introduce(rank -> addresses);
        return addresses;
    }

    private void checkOthers(RankProcesses processes, String cause, Map<Long, Double> losses) throws Exception {
        long lost = System.nanoTime();
        List<RankEnd> ends = processes.await(HANG);
        assertThat(Duration.ofNanos(System.nanoTime() - lost))
                .as("until the last rank has ended")
                .isLessThan(DEADLINE.multipliedBy(2));
        for (RankEnd end : ends) {
            if (end.rank() != victim) {
                assertThat(end.error()).as(processes.rank(end.rank()).output()).isPresent();
                assertThat(end.error().get().describe()).contains(cause);
                hear(processes, end.rank(), losses);
            }
        }
    }

    /** Takes losses in, and checks that nothing was left of the step and of the world. */
    private static void hear(RankProcesses processes, int rank, Map<Long, Double> losses)
            throws InterruptedException, JsonProcessingException {
        boolean ended = false;
        for (Optional<String> event = processes.rank(rank).event(Duration.ofSeconds(1));
                event.isPresent();
                event = processes.rank(rank).event(Duration.ofMillis(1))) {
            MortalRank.Told told = MAPPER.readValue(event.get(), MortalRank.Told.class);
            if (told.step() > 0) {
                losses.put(told.step(), told.loss());
            } else {
                ended = true;
                assertThat(told.leftActivations())
                        .as("activations left on rank %d", rank)
                        .isZero();
                assertThat(told.leftCommunication())
                        .as("communication left on rank %d", rank)
                        .isZero();
                assertThat(told.leftThreads())
                        .as("threads left on rank %d", rank)
                        .isEmpty();
            }
        }
        assertThat(ended).as("rank %d has come to its end", rank).isTrue();
    }

    /** Ranks that talk through memory that they share do so in a folder, which is gone with the last of them. */
    private static void checkFolders(List<RankAddress> addresses) {
        for (RankAddress address : addresses) {
            String place = address.endpoints().getOrDefault("ipc", "");
            if (!place.isEmpty()) {
                assertThat(Path.of(place.substring(place.indexOf('@') + 1)).getParent())
                        .doesNotExist();
            }
        }
    }
}
