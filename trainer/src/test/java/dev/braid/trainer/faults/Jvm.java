package dev.braid.trainer.faults;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.braid.parallelism.CommunicationSettings;
import dev.braid.trainer.ranks.RankAssignment;
import dev.braid.trainer.ranks.RankJvm;
import dev.braid.trainer.ranks.RankProcess;
import dev.braid.trainer.ranks.RankProcesses;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** A {@link FaultRank} seen from the launcher. It serves many attempts. */
final class Jvm implements AutoCloseable {
    /** Far beyond what any step takes: a rank that says nothing for so long hangs. */
    static final Duration HANG = Duration.ofSeconds(40);

    private static final ObjectMapper MAPPER = new ObjectMapper();

    private final RankProcesses owner;
    private final RankProcess process;
    private Optional<List<String>> filesAtFirst = Optional.empty();

    Jvm(RankJvm jvm, int rank, CommunicationSettings settings) {
        owner = RankProcesses.start(jvm, List.of(RankAssignment.of(rank, rank + 1, settings, "")));
        process = owner.rank(0);
    }

    RankProcess process() {
        return process;
    }

    void tell(Order order) {
        process.send(write(order));
    }

    static String write(Object value) {
        try {
            return MAPPER.writeValueAsString(value);
        } catch (JsonProcessingException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    /** The next report of the kind; what comes before it is skipped. */
    Report await(Report.Kind kind) throws Exception {
        while (true) {
            Optional<String> event = process.event(HANG);
            assertThat(event)
                    .as("%s hangs: no %s after %s; it printed: %s", process, kind, HANG, process.output())
                    .isPresent();
            Report report = MAPPER.readValue(event.get(), Report.class);
            if (report.kind() == kind) {
                return report;
            }
            assertThat(report.kind())
                    .as("%s instead of %s: %s", process, kind, report.failures())
                    .isIn(Report.Kind.RUNNING, Report.Kind.COUNTED);
        }
    }

    /** Waits until the attempt is closed, and checks that it left no thread, and no more open files than the first one. */
    void awaitClosed() throws Exception {
        Report closed = await(Report.Kind.CLOSED);
        assertThat(closed.threads()).as("threads left in %s", process).isEmpty();
        if (filesAtFirst.isEmpty()) {
            filesAtFirst = Optional.of(closed.files());
        }
        List<String> more = new ArrayList<>(closed.files());
        filesAtFirst.get().forEach(more::remove);
        assertThat(more).as("files left open in %s", process).isEmpty();
    }

    /** Ends the JVM in order. */
    void end() throws InterruptedException {
        tell(Order.of(Order.Kind.END));
        assertThat(process.await(HANG)).as("%s does not end", process).isPresent();
    }

    @Override
    public void close() {
        owner.close();
    }
}
