package dev.braid.trainer.ranks;

import dev.braid.parallelism.CommunicationException;
import dev.braid.parallelism.CommunicationSettings;
import dev.braid.parallelism.transport.RankAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.IntStream;

/** A rank that does without a fabric what its assignment's task says. */
final class ProbeRank {
    private static final byte[] SECRET = "sixteen bytes or more".getBytes(StandardCharsets.US_ASCII);

    private ProbeRank() {}

    public static void main(String[] arguments) {
        RankSession.serve(ProbeRank::run);
    }

    /** {@code ranks} of them, with the tasks given; ranks without one repeat commands. */
    static RankProcesses start(int ranks, Map<Integer, String> tasks) {
        CommunicationSettings settings = CommunicationSettings.of("probe", 1, SECRET);
        List<RankAssignment> assignments = IntStream.range(0, ranks)
                .mapToObj(rank -> RankAssignment.of(rank, ranks, settings, tasks.getOrDefault(rank, "repeat")))
                .toList();
        return RankProcesses.start(RankJvm.of(ProbeRank.class), assignments);
    }

    private static void run(RankSession session) throws Exception {
        int rank = session.assignment().rank();
        if (session.assignment().task().equals("vanish")) {
            System.out.println("out of luck");
            Runtime.getRuntime().halt(7);
        }
        List<RankAddress> all = session.exchange(new RankAddress(
                rank, "localhost", "here", ProcessHandle.current().pid(), "key" + rank, Map.of(), ""));
        switch (session.assignment().task()) {
            case "repeat" -> repeat(session);
            case "list" -> session.emit(all.stream().map(RankAddress::processId).toList());
            case "fail" ->
                throw new CommunicationException(
                        CommunicationException.Kind.DEAD, new TreeSet<>(List.of(0, 2)), "ranks 0 and 2 are gone");
            case "hang" -> hang(session);
            case "launch" -> launch(session);
            default -> throw new IllegalArgumentException(session.assignment().task());
        }
    }

    private static void repeat(RankSession session) throws InterruptedException {
        for (String command = session.command(); !command.equals("end"); command = session.command()) {
            session.emit(command);
        }
    }

    private static void hang(RankSession session) {
        session.emit("hanging");
        while (true) {
            try {
                Thread.sleep(Duration.ofDays(1));
            } catch (InterruptedException ignored) {
                session.emit("not impressed");
            }
        }
    }

    /** Is a launcher itself: of two ranks that never end by themselves. */
    private static void launch(RankSession session) throws InterruptedException {
        try (RankProcesses ranks = start(2, Map.of())) {
            ranks.meet(Duration.ofMinutes(1));
            session.emit(List.of(ranks.rank(0).pid(), ranks.rank(1).pid()));
            session.command();
        }
    }
}
