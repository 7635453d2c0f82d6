package dev.braid.parallelism.engine;

import dev.braid.parallelism.transport.simulated.NetworkFaults;
import dev.braid.parallelism.transport.simulated.ScheduledFault;
import dev.braid.parallelism.transport.simulated.SimulationResult;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.TreeSet;
import java.util.function.Supplier;
import java.util.stream.IntStream;

/**
 * How a scenario ended, and the verdict on it. A rank is live when it was neither killed nor stopped for good. Then
 *
 * <ul>
 *   <li>every live rank comes to an end: all went well, or the attempt has failed on it;
 *   <li>an operation that ended well has the right result, whatever came later;
 *   <li>when the network lost nothing and nobody seemed silent for long, all went well on all;
 *   <li>when the attempt has failed on a live rank, then within the deadline on each live rank that was not stopped, but for
 *       those that had been through all of their program: they owe nobody anything, and may have left;
 *   <li>when a rank died, all that fail do so within the deadline, and name it;
 *   <li>errors name the rank, or one of the ranks, at the one fault that there was; but for those ranks themselves: they may
 *       find that the others have left without them;
 *   <li>no bytes are kept.
 * </ul>
 */
record Outcome(
        Program program,
        NetworkFaults faults,
        List<ScenarioRank> ranks,
        List<Boolean> killed,
        SimulationResult result,
        long steps,
        long leaked,
        Supplier<String> story) {
    private static final long DEADLINE = Scenario.DEADLINE.toNanos();

    /** All that is not as it must be; empty when it is. */
    List<String> problems() {
        List<String> problems = new ArrayList<>();
        if (result.end() != SimulationResult.End.FINISHED) {
            problems.add("no end: " + result);
        }
        if (leaked != 0) {
            problems.add(leaked + " bytes were kept");
        }
        for (int rank = 0; rank < ranks.size(); rank++) {
            for (String mistake : ranks.get(rank).mistakes()) {
                problems.add("rank " + rank + ": " + mistake);
            }
        }
        boolean mustEndWell = faults.mustEndWell(DEADLINE);
        for (int rank : live()) {
            ScenarioRank.State state = ranks.get(rank).state();
            if (mustEndWell && state != ScenarioRank.State.WELL) {
                problems.add("rank " + rank + " must end well");
            }
            if (failed().isEmpty() && state != ScenarioRank.State.WELL && state != ScenarioRank.State.LONELY) {
                problems.add("nobody has failed, but rank " + rank + " has not ended well");
            }
            if (!failed().isEmpty()
                    && state != ScenarioRank.State.FAILED
                    && !ranks.get(rank).ranAll()) {
                problems.add("rank " + rank + " has neither failed nor ended well");
            }
        }
        addLate(problems);
        addWrongNames(problems);
        return problems;
    }

    /** Ranks that were neither killed nor stopped for good. */
    List<Integer> live() {
        return IntStream.range(0, ranks.size())
                .filter(rank -> !killed.get(rank) && !stopped(rank, true))
                .boxed()
                .toList();
    }

    /** Live ranks on which the attempt has failed. */
    List<Integer> failed() {
        return live().stream()
                .filter(rank -> ranks.get(rank).state() == ScenarioRank.State.FAILED)
                .toList();
    }

    private boolean stopped(int rank, boolean forGood) {
        return faults.scheduled().stream()
                .anyMatch(fault -> fault instanceof ScheduledFault.Stop stop
                        && stop.rank() == rank
                        && (!forGood || stop.until() == ScheduledFault.NEVER));
    }

    private void addLate(List<String> problems) {
        List<Integer> running =
                failed().stream().filter(rank -> !stopped(rank, false)).toList();
        if (running.isEmpty()) {
            return;
        }
        long first = running.stream()
                .mapToLong(rank -> ranks.get(rank).failedNanos())
                .min()
                .getAsLong();
        if (faults.scheduled().size() == 1 && faults.scheduled().getFirst() instanceof ScheduledFault.Kill kill) {
            first = Math.min(first, ranks.get(kill.rank()).lastPolled());
        }
        for (int rank : running) {
            long after = ranks.get(rank).failedNanos() - first;
            if (after > DEADLINE) {
                problems.add("rank " + rank + " learns of the failure " + after + " ns later");
            }
        }
    }

    private void addWrongNames(List<String> problems) {
        if (faults.scheduled().size() != 1
                || faults.frames().drop() > 0
                || faults.frames().corrupt() > 0) {
            return;
        }
        ScheduledFault fault = faults.scheduled().getFirst();
        if (fault instanceof ScheduledFault.Partition cut && !cut.held() && cut.until() - cut.from() < DEADLINE) {
            return; // frames were lost, and nobody knows where
        }
        TreeSet<Integer> culprits = new TreeSet<>();
        switch (fault) {
            case ScheduledFault.Kill kill -> culprits.add(kill.rank());
            case ScheduledFault.Stop stop -> culprits.add(stop.rank());
            case ScheduledFault.Slow slow -> culprits.add(slow.rank());
            case ScheduledFault.Cut cut ->
                Collections.addAll(culprits, cut.link().from(), cut.link().to());
            case ScheduledFault.Partition partition ->
                partition.links().forEach(link -> Collections.addAll(culprits, link.from(), link.to()));
        }
        for (int rank : failed()) {
            List<Integer> named = ranks.get(rank).failure().orElseThrow().missing();
            // One that the others take for gone may find them gone.
            if (!culprits.contains(rank) && Collections.disjoint(named, culprits)) {
                problems.add("rank " + rank + " names " + named + ", not one of " + culprits);
            }
        }
    }

    /** All that helps to understand it. */
    String describe() {
        StringBuilder text = new StringBuilder();
        problems().forEach(problem -> text.append(problem).append('\n'));
        text.append(result).append('\n');
        ranks.forEach(rank -> text.append(rank).append('\n'));
        return text.append(program.describe()).append(story.get()).toString();
    }
}
