package dev.braid.trainer.bench;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.braid.parallelism.CommunicationSettings;
import dev.braid.trainer.ranks.RankAssignment;
import dev.braid.trainer.ranks.RankEnd;
import dev.braid.trainer.ranks.RankJvm;
import dev.braid.trainer.ranks.RankProcessException;
import dev.braid.trainer.ranks.RankProcesses;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/** A benchmark whose ranks are JVMs of their own on this host. */
final class ProcessRanks {
    private static final ObjectMapper MAPPER = new ObjectMapper();
    private static final Duration MEETING = Duration.ofMinutes(2);
    private static final Duration POLL = Duration.ofMillis(200);

    private final RankJvm jvm;
    private final int ranks;
    private final CommunicationSettings settings;
    private final CommPlan plan;
    private final CommListener listener;

    ProcessRanks(RankJvm jvm, int ranks, CommunicationSettings settings, CommPlan plan, CommListener listener) {
        this.jvm = jvm;
        this.ranks = ranks;
        this.settings = settings;
        this.plan = plan;
        this.listener = listener;
    }

    /**
     * Runs it.
     *
     * @throws RankProcessException when a rank failed
     */
    void run() throws InterruptedException {
        String task = write(plan);
        List<RankAssignment> assignments = IntStream.range(0, ranks)
                .mapToObj(rank -> RankAssignment.of(rank, ranks, settings, task))
                .toList();
        try (RankProcesses processes = RankProcesses.start(jvm, assignments)) {
            processes.meet(MEETING);
            listen(processes);
            // When one rank fails, the others find out within the deadline and say so too.
            List<RankEnd> ends = processes.await(settings.deadline().multipliedBy(2));
            if (!ends.stream().allMatch(RankEnd::well)) {
                throw processes.failure(ends);
            }
        }
    }

    private void listen(RankProcesses processes) throws InterruptedException {
        boolean last = false;
        while (!last) {
            // Asked before the events are, so that none that a rank sent just before its end is missed.
            last = processes.firstEnd().isPresent();
            Optional<String> event = processes.rank(0).event(last ? Duration.ZERO : POLL);
            while (event.isPresent()) {
                hear(event.get());
                event = processes.rank(0).event(Duration.ZERO);
            }
        }
    }

    private void hear(String json) {
        CommRankProgram.Event event = read(json);
        if (event.started() != null) {
            listener.started(event.started());
        }
        if (event.measured() != null) {
            listener.measured(event.measured());
        }
    }

    private static String write(CommPlan plan) {
        try {
            return MAPPER.writeValueAsString(plan);
        } catch (JsonProcessingException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    private static CommRankProgram.Event read(String json) {
        try {
            return MAPPER.readValue(json, CommRankProgram.Event.class);
        } catch (JsonProcessingException wrong) {
            throw new IllegalStateException("rank 0 said what it should not: " + json, wrong);
        }
    }
}
