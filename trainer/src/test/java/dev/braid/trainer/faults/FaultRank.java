package dev.braid.trainer.faults;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.braid.parallelism.Endpoint;
import dev.braid.parallelism.Fabric;
import dev.braid.parallelism.transport.RankAddress;
import dev.braid.tensor.Memory;
import dev.braid.trainer.ranks.RankAssignment;
import dev.braid.trainer.ranks.RankSession;
import java.io.IOException;
import java.nio.channels.DatagramChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A JVM that takes part in one attempt after the other, as its launcher orders, and says what each left behind. */
final class FaultRank {
    private static final ObjectMapper MAPPER = new ObjectMapper();
    private static final long CLOSING_NANOS = 2_000_000_000L;

    private final RankSession session;
    private RankAssignment assignment;
    private Memory memory;
    private Endpoint endpoint;
    private volatile EndlessCollectives program;

    private FaultRank(RankSession session) {
        this.session = session;
    }

    /** Called by the launcher; takes no arguments. */
    public static void main(String[] arguments) {
        RankSession.serve(session -> new FaultRank(session).run());
    }

    private void run() throws InterruptedException, IOException {
        DatagramChannel.open().close(); // the first one leaves a socket in the JVM for good
        while (true) {
            Order order = MAPPER.readValue(session.command(), Order.class);
            switch (order.kind()) {
                case OPEN -> open(order.assignment());
                case JOIN -> Thread.ofPlatform().name("program").start(() -> join(order.addresses()));
                case WIDEN -> program.widen();
                case COUNT -> session.emit(Report.running(Report.Kind.COUNTED, program.rounds()));
                case CLOSE -> close();
                case END -> {
                    return;
                }
            }
        }
    }

    private void open(RankAssignment wanted) throws InterruptedException {
        assignment = wanted;
        memory = Memory.shared();
        try {
            endpoint = Endpoint.open(wanted.rank(), wanted.ranks(), memory, wanted.settings());
            session.emit(Report.opened(endpoint.address()));
        } catch (RuntimeException | Error refusal) {
            memory.close();
            session.emit(Report.refused(refusal));
            session.emit(census());
        }
    }

    private void join(List<RankAddress> addresses) {
        try {
            List<Throwable> failures = new ArrayList<>();
            try (Fabric fabric = endpoint.join(addresses)) {
                EndlessCollectives endless = new EndlessCollectives(fabric, memory, task());
                program = endless;
                failures.addAll(endless.run(() -> session.emit(Report.running(Report.Kind.RUNNING, 1))));
                session.emit(Report.failed(endless.rounds(), failures));
            }
            close();
        } catch (Throwable failure) {
            failure.printStackTrace();
            session.emit(Report.failed(-1, List.of(failure)));
        }
    }

    private EndlessCollectives.Task task() throws JsonProcessingException {
        return MAPPER.readValue(assignment.task(), EndlessCollectives.Task.class);
    }

    private void close() throws InterruptedException {
        endpoint.close();
        memory.close();
        program = null;
        session.emit(census());
    }

    /** A thread that has done its work may still be seen for a moment. */
    private static Report census() throws InterruptedException {
        long until = System.nanoTime() + CLOSING_NANOS;
        List<String> threads = threads();
        while (!threads.isEmpty() && System.nanoTime() < until) {
            Thread.sleep(10);
            threads = threads();
        }
        return Report.closed(threads, files());
    }

    private static List<String> threads() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(Thread::isAlive)
                .map(Thread::getName)
                .filter(name -> name.matches("(?i).*(braid|aeron|driver|conductor|sender|receiver).*"))
                .sorted()
                .toList();
    }

    /** Classes are loaded when they are needed, so archives of classes do not count. */
    private static List<String> files() {
        List<String> open = new ArrayList<>();
        try (DirectoryStream<Path> links = Files.newDirectoryStream(Path.of("/proc/self/fd"))) {
            for (Path link : links) {
                try {
                    String target = Files.readSymbolicLink(link).toString();
                    if (!target.matches(".*\\.jar|.*/modules|/proc/\\d+/fd")) {
                        open.add(target.replaceAll("\\[\\d+]", ""));
                    }
                } catch (IOException closedMeanwhile) {
                    // Such as the one by which this folder is read.
                }
            }
        } catch (IOException noLinux) {
            return List.of();
        }
        open.sort(null);
        return open;
    }
}
