package dev.braid.parallelism;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * How the ranks of one attempt of a run communicate. All ranks use equal settings.
 *
 * @param runId the run, the same for all of its attempts
 * @param attempt counts the starts of the run; frames of another attempt are refused
 * @param secret shared by the ranks of the run and nobody else, at least 16 bytes; never sent
 * @param transport {@code auto}, or the one transport to use for all pairs: {@code shared}, {@code ipc}, {@code udp}, {@code tcp}
 * @param reach where the farthest peer may be: transports beyond it are not opened
 * @param algorithm for all operations that it suits
 * @param deadline the time within which a rank that died or fell silent is found and every operation of every rank has ended
 * @param patience how long an operation waits for a peer that lives but does not come to it
 * @param bind name or address of the network interface to use between hosts; empty: chosen, see the preflight
 * @param flightFolder where each rank writes its last operations when the attempt fails
 * @param memoryLimit most bytes that the channels of one rank may hold
 * @param costs figures of the cost model by which {@link Algorithm#AUTO} chooses
 */
public record CommunicationSettings(
        String runId,
        int attempt,
        byte[] secret,
        String transport,
        Reach reach,
        Algorithm algorithm,
        Duration deadline,
        Duration patience,
        Optional<String> bind,
        Optional<Path> flightFolder,
        long memoryLimit,
        CostModel costs) {
    /** Values of {@link #transport}. */
    public static final List<String> TRANSPORTS = List.of("auto", "shared", "ipc", "udp", "tcp");

    /** Default of {@link #deadline}. */
    public static final Duration DEADLINE = Duration.ofSeconds(10);

    /** Default of {@link #patience}: longer than a checkpoint or a slow validation of one rank takes. */
    public static final Duration PATIENCE = Duration.ofMinutes(10);

    /** Default of {@link #memoryLimit}. */
    public static final long MEMORY_LIMIT = 256L << 20;

    public CommunicationSettings {
        if (runId.isEmpty() || runId.length() > 128) {
            throw new IllegalArgumentException("run id '" + runId + "' must have 1 to 128 characters");
        }
        if (attempt < 0) {
            throw new IllegalArgumentException("attempt " + attempt + " is negative; the first is 0");
        }
        if (secret.length < 16) {
            throw new IllegalArgumentException(
                    "the run's secret has " + secret.length + " bytes, must have at least 16");
        }
        if (!TRANSPORTS.contains(transport)) {
            throw new IllegalArgumentException(
                    "transport '" + transport + "' is unknown, must be one of " + TRANSPORTS);
        }
        if (deadline.toMillis() < 100) {
            throw new IllegalArgumentException("deadline " + deadline + " is too short, must be at least 100 ms");
        }
        if (patience.compareTo(deadline) < 0) {
            throw new IllegalArgumentException("patience " + patience + " is shorter than the deadline " + deadline);
        }
        secret = secret.clone();
    }

    /** Settings with all defaults. */
    public static CommunicationSettings of(String runId, int attempt, byte[] secret) {
        return new CommunicationSettings(
                runId,
                attempt,
                secret,
                "auto",
                Reach.NETWORK,
                Algorithm.AUTO,
                DEADLINE,
                PATIENCE,
                Optional.empty(),
                Optional.empty(),
                MEMORY_LIMIT,
                CostModel.defaults());
    }

    /** The same with another {@link #transport}. */
    public CommunicationSettings withTransport(String other) {
        return new CommunicationSettings(
                runId,
                attempt,
                secret,
                other,
                reach,
                algorithm,
                deadline,
                patience,
                bind,
                flightFolder,
                memoryLimit,
                costs);
    }

    /** The same with another {@link #reach}. */
    public CommunicationSettings withReach(Reach other) {
        return new CommunicationSettings(
                runId,
                attempt,
                secret,
                transport,
                other,
                algorithm,
                deadline,
                patience,
                bind,
                flightFolder,
                memoryLimit,
                costs);
    }

    /** The same with another {@link #algorithm}. */
    public CommunicationSettings withAlgorithm(Algorithm other) {
        return new CommunicationSettings(
                runId,
                attempt,
                secret,
                transport,
                reach,
                other,
                deadline,
                patience,
                bind,
                flightFolder,
                memoryLimit,
                costs);
    }

    /** The same with other limits of time. */
    public CommunicationSettings withTimes(Duration otherDeadline, Duration otherPatience) {
        return new CommunicationSettings(
                runId,
                attempt,
                secret,
                transport,
                reach,
                algorithm,
                otherDeadline,
                otherPatience,
                bind,
                flightFolder,
                memoryLimit,
                costs);
    }

    /** The same with a network interface. */
    public CommunicationSettings withBind(String other) {
        return new CommunicationSettings(
                runId,
                attempt,
                secret,
                transport,
                reach,
                algorithm,
                deadline,
                patience,
                Optional.of(other),
                flightFolder,
                memoryLimit,
                costs);
    }

    /** The same with a folder for flight records. */
    public CommunicationSettings withFlightFolder(Path other) {
        return new CommunicationSettings(
                runId,
                attempt,
                secret,
                transport,
                reach,
                algorithm,
                deadline,
                patience,
                bind,
                Optional.of(other),
                memoryLimit,
                costs);
    }

    /** The same with another {@link #memoryLimit}. */
    public CommunicationSettings withMemoryLimit(long other) {
        return new CommunicationSettings(
                runId,
                attempt,
                secret,
                transport,
                reach,
                algorithm,
                deadline,
                patience,
                bind,
                flightFolder,
                other,
                costs);
    }

    /** The same with another cost model. */
    public CommunicationSettings withCosts(CostModel other) {
        return new CommunicationSettings(
                runId,
                attempt,
                secret,
                transport,
                reach,
                algorithm,
                deadline,
                patience,
                bind,
                flightFolder,
                memoryLimit,
                other);
    }

    @Override
    public byte[] secret() {
        return secret.clone();
    }

    /** Without the secret. */
    @Override
    public String toString() {
        return "run " + runId + ", attempt " + attempt + ", transport " + transport + ", algorithm " + algorithm
                + ", deadline " + deadline + ", patience " + patience;
    }
}
