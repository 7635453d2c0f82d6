package dev.braid.trainer.ranks;

import dev.braid.parallelism.Algorithm;
import dev.braid.parallelism.CommunicationSettings;
import dev.braid.parallelism.CostModel;
import dev.braid.parallelism.Reach;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/**
 * What a rank's JVM is told first. It holds the run's secret, so it goes over a pipe, never on a command line or into an
 * environment, which other users of the host can read.
 *
 * @param rank the rank in the world
 * @param ranks number of ranks in the world
 * @param runId see {@link CommunicationSettings#runId}
 * @param attempt see {@link CommunicationSettings#attempt}
 * @param secret see {@link CommunicationSettings#secret}
 * @param transport see {@link CommunicationSettings#transport}
 * @param reach see {@link CommunicationSettings#reach}
 * @param algorithm see {@link CommunicationSettings#algorithm}
 * @param deadlineMillis see {@link CommunicationSettings#deadline}
 * @param patienceMillis see {@link CommunicationSettings#patience}
 * @param bind see {@link CommunicationSettings#bind}; empty: chosen
 * @param flightFolder see {@link CommunicationSettings#flightFolder}; empty: none
 * @param memoryLimit see {@link CommunicationSettings#memoryLimit}
 * @param costs see {@link CommunicationSettings#costs}
 * @param task what to do, in a text of the program's own
 */
public record RankAssignment(
        int rank,
        int ranks,
        String runId,
        int attempt,
        byte[] secret,
        String transport,
        Reach reach,
        Algorithm algorithm,
        long deadlineMillis,
        long patienceMillis,
        String bind,
        String flightFolder,
        long memoryLimit,
        CostModel costs,
        String task) {

    /** An assignment with {@code settings}. */
    public static RankAssignment of(int rank, int ranks, CommunicationSettings settings, String task) {
        return new RankAssignment(
                rank,
                ranks,
                settings.runId(),
                settings.attempt(),
                settings.secret(),
                settings.transport(),
                settings.reach(),
                settings.algorithm(),
                settings.deadline().toMillis(),
                settings.patience().toMillis(),
                settings.bind().orElse(""),
                settings.flightFolder().map(Path::toString).orElse(""),
                settings.memoryLimit(),
                settings.costs(),
                task);
    }

    /** The settings that it was made with. */
    public CommunicationSettings settings() {
        return new CommunicationSettings(
                runId,
                attempt,
                secret,
                transport,
                reach,
                algorithm,
                Duration.ofMillis(deadlineMillis),
                Duration.ofMillis(patienceMillis),
                Optional.of(bind).filter(name -> !name.isEmpty()),
                Optional.of(flightFolder).filter(name -> !name.isEmpty()).map(Path::of),
                memoryLimit,
                costs);
    }

    /** Without the secret. */
    @Override
    public String toString() {
        return "rank " + rank + " of " + ranks + ", " + settings();
    }
}
