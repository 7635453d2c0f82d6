package dev.braid.trainer.faults;

import dev.braid.parallelism.CommunicationSettings;
import dev.braid.parallelism.Reach;
import dev.braid.parallelism.transport.RankAddress;
import dev.braid.trainer.ranks.RankAssignment;
import dev.braid.trainer.ranks.RankJvm;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Collectors;

/** Four ranks, each in a JVM of its own, that go from attempt to attempt of one run. */
final class FaultWorld implements AutoCloseable {
    static final int RANKS = 4;

    private final RankJvm jvm;
    private final CommunicationSettings template;
    private final List<Jvm> ranks = new ArrayList<>();
    private int attempt;

    FaultWorld(RankJvm jvm, Duration deadline, Path flights) {
        this.jvm = jvm;
        byte[] random = new byte[32];
        new SecureRandom().nextBytes(random);
        template = CommunicationSettings.of("faults-" + HexFormat.of().formatHex(random, 0, 8), 0, random)
                .withReach(Reach.HOST)
                .withTimes(deadline, deadline.multipliedBy(4))
                .withFlightFolder(flights);
        for (int rank = 0; rank < RANKS; rank++) {
            ranks.add(new Jvm(jvm, rank, template));
        }
    }

    Jvm rank(int rank) {
        return ranks.get(rank);
    }

    int attempt() {
        return attempt;
    }

    Duration deadline() {
        return template.deadline();
    }

    Path flights() {
        return template.flightFolder().orElseThrow();
    }

    /** Starts another JVM in the place of one that was killed. */
    void replace(int rank) {
        ranks.get(rank).close();
        ranks.set(rank, new Jvm(jvm, rank, template));
    }

    /** A JVM that is no rank and runs the media driver of the next attempt. */
    Jvm driver() throws Exception {
        Jvm driver = new Jvm(jvm, RANKS, template);
        driver.tell(Order.open(RankAssignment.of(0, RANKS, settings(attempt + 1).withTransport("ipc"), "")));
        driver.await(Report.Kind.OPENED);
        return driver;
    }

    /** Opens the next attempt on all ranks. They answer by OPENED or REFUSED. */
    void open(EndlessCollectives.Task task) {
        attempt++;
        for (int rank = 0; rank < RANKS; rank++) {
            ranks.get(rank).tell(Order.open(RankAssignment.of(rank, RANKS, settings(attempt), Jvm.write(task))));
        }
    }

    List<RankAddress> awaitOpened() throws Exception {
        List<RankAddress> addresses = new ArrayList<>();
        for (Jvm rank : ranks) {
            addresses.add(rank.await(Report.Kind.OPENED).address());
        }
        return addresses;
    }

    void join(List<RankAddress> addresses) {
        ranks.forEach(rank -> rank.tell(Order.join(addresses)));
    }

    void awaitRunning() throws Exception {
        for (Jvm rank : ranks) {
            rank.await(Report.Kind.RUNNING);
        }
    }

    /** What the JVMs have printed last, for a person. */
    String output() {
        return ranks.stream()
                .map(rank -> "--- " + rank.process() + ":\n" + rank.process().output())
                .collect(Collectors.joining("\n"));
    }

    private CommunicationSettings settings(int number) {
        return new CommunicationSettings(
                template.runId(),
                number,
                template.secret(),
                template.transport(),
                template.reach(),
                template.algorithm(),
                template.deadline(),
                template.patience(),
                template.bind(),
                template.flightFolder(),
                template.memoryLimit(),
                template.costs());
    }

    /** Ends all JVMs; those that do not listen by force. */
    @Override
    public void close() {
        ranks.forEach(rank -> rank.tell(Order.of(Order.Kind.END)));
        ranks.forEach(Jvm::close);
    }
}
