package dev.braid.trainer.faults;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.braid.parallelism.CommunicationException;
import dev.braid.parallelism.transport.RankAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Random;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** One attempt of a {@link FaultWorld}, one fault at a random moment, and the checks of what the ranks say and leave behind. */
final class Trial {
    /** What happened, for a table. */
    record Result(int number, Fault fault, long seed, int victim, long momentMillis, double seconds, String kind) {
        static final String HEADER =
                "trial fault             seed                 victim moment ms  last knew s  names";

        /** Trials of one fault in one line. */
        static String summary(Fault fault, List<Result> results) {
            List<Result> these =
                    results.stream().filter(result -> result.fault == fault).toList();
            double longest = these.stream().mapToDouble(Result::seconds).max().orElse(0);
            return String.format(
                    Locale.ROOT,
                    "%s: %d trials, names right in all, the last rank knew after %.2f s at most",
                    fault.name().toLowerCase(Locale.ROOT),
                    these.size(),
                    longest);
        }

        @Override
        public String toString() {
            String who = victim < 0 ? "driver" : "rank " + victim;
            return String.format(
                    Locale.ROOT,
                    "%5d %-17s %-20d %-6s %9d %12.2f  right, %s",
                    number,
                    fault.name().toLowerCase(Locale.ROOT),
                    seed,
                    who,
                    momentMillis,
                    seconds,
                    kind);
        }
    }

    private static final ObjectMapper MAPPER = new ObjectMapper();
    private static final Pattern PENDING = Pattern.compile(
            "(all_reduce|all_gather|barrier) \\d+ of group .+ \\(ranks \\[.+]\\), \\d+ bytes of \\w+, called at"
                    + " EndlessCollectives\\.java:\\d+, did not complete on rank \\d: .+\\. Missing: .+",
            Pattern.DOTALL);
    /** Of the first operation after a failure that met none in flight. */
    private static final Pattern NOT_STARTED = Pattern.compile(
            "(all_reduce|all_gather|barrier) of group .+, called at EndlessCollectives\\.java:\\d+, was not started on rank"
                    + " \\d: the attempt has failed: .+",
            Pattern.DOTALL);

    private final FaultWorld world;
    private final int number;
    private final Fault fault;
    private final long seed;
    private final Random random;

    Trial(FaultWorld world, int number, Fault fault, long seed) {
        this.world = world;
        this.number = number;
        this.fault = fault;
        this.seed = seed;
        this.random = new Random(seed);
    }

    Result run() throws Exception {
        Optional<Jvm> separate = fault == Fault.KILL_DRIVER ? Optional.of(world.driver()) : Optional.empty();
        try {
            return run(separate);
        } catch (Exception | AssertionError failure) {
            failure.addSuppressed(new IllegalStateException(
                    number + ", " + fault + " by seed " + seed + " left:\n" + world.output()));
            throw failure;
        } finally {
            separate.ifPresent(Jvm::close);
        }
    }

    private Result run(Optional<Jvm> separate) throws Exception {
        world.open(new EndlessCollectives.Task(seed, false));
        List<RankAddress> addresses = world.awaitOpened();
        int victim = victim(driverOf(addresses), addresses);
        world.join(addresses);
        long moment = random.nextInt(fault == Fault.KILL_JOINING ? 60 : 500);
        if (fault != Fault.KILL_JOINING) {
            world.awaitRunning();
        }
        Thread.sleep(moment);
        Jvm struck = separate.orElseGet(() -> world.rank(victim));
        long start = System.currentTimeMillis();
        if (fault.stops()) {
            struck.process().pause();
        } else {
            struck.process().kill();
        }
        double seconds = 0;
        String kind = "";
        for (int rank : survivors(victim)) {
            Report report = world.rank(rank).await(Report.Kind.FAILED);
            seconds = Math.max(seconds, (report.atMillis() - start) / 1e3);
            kind = checkFailures(rank, victim, report, struck.process().pid());
            checkFlightRecord(rank);
        }
        assertThat(seconds)
                .as("seconds until the last rank knew")
                .isLessThanOrEqualTo(world.deadline().toMillis() / 1e3);
        for (int rank : survivors(victim)) {
            world.rank(rank).awaitClosed();
        }
        revive(victim);
        checkNoFolder(folder(addresses));
        return new Result(number, fault, seed, victim, moment, seconds, kind);
    }

    /** A stopped rank goes on, finds that it is alone, and closes; a killed one is replaced. */
    private void revive(int victim) throws Exception {
        if (fault.stops()) {
            world.rank(victim).process().resume();
            Report report = world.rank(victim).await(Report.Kind.FAILED);
            assertThat(report.failures())
                    .isNotEmpty()
                    .allSatisfy(
                            failure -> assertThat(failure.type()).isEqualTo(CommunicationException.class.getName()));
            world.rank(victim).awaitClosed();
        } else if (victim >= 0) {
            world.replace(victim);
        }
    }

    private int victim(long driver, List<RankAddress> addresses) {
        List<Integer> candidates = IntStream.range(0, FaultWorld.RANKS)
                .filter(rank -> switch (fault) {
                    case KILL, STOP -> addresses.get(rank).processId() != driver;
                    case KILL_WITH_DRIVER, STOP_WITH_DRIVER ->
                        addresses.get(rank).processId() == driver;
                    case KILL_JOINING -> true;
                    case KILL_DRIVER -> false;
                })
                .boxed()
                .toList();
        return candidates.isEmpty() ? -1 : candidates.get(random.nextInt(candidates.size()));
    }

    private static List<Integer> survivors(int victim) {
        return IntStream.range(0, FaultWorld.RANKS)
                .filter(rank -> rank != victim)
                .boxed()
                .toList();
    }

    /** Every operation in flight ended, and names whom it missed. Returns the kind of the failure. */
    private String checkFailures(int rank, int victim, Report report, long struckProcess) {
        assertThat(report.failures())
                .as("failures of rank %s", rank)
                .isNotEmpty()
                .allSatisfy(failure -> {
                    assertThat(failure.type()).as("%s", failure).isEqualTo(CommunicationException.class.getName());
                    assertThat(failure.message())
                            .satisfiesAnyOf(
                                    text -> assertThat(text).matches(PENDING),
                                    text -> assertThat(text).matches(NOT_STARTED));
                    assertThat(failure.message()).contains("process " + struckProcess);
                    if (victim < 0) {
                        assertThat(failure.missing()).as("%s", failure).isEmpty();
                        assertThat(failure.message()).contains("media driver");
                        assertThat(failure.kind()).isEqualTo("TRANSPORT");
                    } else {
                        assertThat(failure.missing()).as("%s", failure).containsExactly(victim);
                        assertThat(failure.kind()).isIn("DEAD", "SILENT");
                    }
                });
        return report.failures().getFirst().kind();
    }

    private void checkFlightRecord(int rank) throws Exception {
        Path file = world.flights().resolve("flight-attempt-" + world.attempt() + "-rank-" + rank + ".json");
        JsonNode record = MAPPER.readTree(Files.readString(file));
        assertThat(record.get("rank").asInt()).isEqualTo(rank);
        assertThat(record.get("operations").isArray()).isTrue();
    }

    /** The process that runs the media driver: the driver's folder is called {@code aeron-PROCESS-...}. */
    private static long driverOf(List<RankAddress> addresses) {
        return Long.parseLong(driverFolder(addresses).getFileName().toString().split("-")[1]);
    }

    private static Path folder(List<RankAddress> addresses) {
        return driverFolder(addresses).getParent();
    }

    private static Path driverFolder(List<RankAddress> addresses) {
        String endpoint = addresses.getFirst().endpoints().get("ipc");
        return Path.of(endpoint.substring(endpoint.indexOf('@') + 1));
    }

    static void checkNoFolder(Path folder) throws Exception {
        try (Stream<Path> entries = Files.list(folder.getParent())) {
            assertThat(entries.map(entry -> entry.getFileName().toString()))
                    .as("what is left of %s", folder)
                    .noneMatch(name -> name.startsWith(folder.getFileName().toString()));
        }
    }
}
