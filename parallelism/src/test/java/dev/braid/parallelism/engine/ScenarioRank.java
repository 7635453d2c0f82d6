package dev.braid.parallelism.engine;

import dev.braid.parallelism.CommunicationException;
import dev.braid.parallelism.CommunicationSettings;
import dev.braid.parallelism.transport.RankAddress;
import dev.braid.parallelism.transport.simulated.SimulatedNetwork;
import dev.braid.parallelism.transport.simulated.SimulatedRank;
import dev.braid.tensor.Memory;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;

/** A rank that goes through its program on a real engine, and then leaves as {@link RankFabric#close} does. */
final class ScenarioRank implements SimulatedRank {
    /** How far it has come. */
    enum State {
        RUNNING,
        LEAVING,
        /** All results were right, and all peers have said farewell. */
        WELL,
        /** All results were right, but some peer has not said farewell in time. */
        LONELY,
        /** The attempt has failed on it. */
        FAILED
    }

    private final int rank;
    private final Program program;
    private final Memory memory;
    private final Values values;
    private final SimulatedNetwork network;
    private final long deadline;
    private final Engine engine;
    private final List<GroupCommunicator> groups = new ArrayList<>();
    private final ArrayDeque<Plan> toStart = new ArrayDeque<>();
    private final List<Running> running = new ArrayList<>();
    private final SplittableRandom random;
    private final List<String> mistakes = new ArrayList<>();
    private State state = State.RUNNING;
    private int round = -1;
    private long nextStart;
    private long leftNanos;
    private long failedNanos = Long.MAX_VALUE;
    private long lastPolled;
    private int finished;

    ScenarioRank(
            int rank,
            Program program,
            List<RankAddress> addresses,
            SimulatedNetwork network,
            SimulatedMemory shared,
            Memory memory,
            Values values,
            CommunicationSettings settings) {
        this.rank = rank;
        this.program = program;
        this.memory = memory;
        this.values = values;
        this.network = network;
        this.deadline = settings.deadline().toNanos();
        this.random = new SplittableRandom(network.seed() * 31 + rank);
        this.engine = new Engine(
                rank,
                addresses,
                List.of(network.transport(rank)),
                shared,
                memory,
                settings,
                network::nanoTime,
                new SplittableRandom(network.seed() ^ 0x6E6F6E6365L + rank));
        for (int group = 0; group < program.groups().size(); group++) {
            List<Integer> members = program.groups().get(group);
            groups.add(
                    members.contains(rank)
                            ? new GroupCommunicator(engine, engine.group("group" + group, members))
                            : null);
        }
    }

    @Override
    public long poll(long now) {
        lastPolled = now;
        int moved = engine.poll();
        switch (state) {
            case RUNNING -> advance(now);
            case LEAVING -> leave(now);
            case WELL, LONELY, FAILED -> throw new AssertionError("polled after its end");
        }
        return moved > 0 ? now : Math.min(engine.nextPoll(), state == State.RUNNING ? nextStart(now) : Long.MAX_VALUE);
    }

    private long nextStart(long now) {
        return toStart.isEmpty() && !mayGoOn() ? Long.MAX_VALUE : Math.max(now, nextStart);
    }

    private void advance(long now) {
        collect();
        while (engine.healthy() && now >= nextStart && nextPlan()) {
            Plan plan = toStart.poll();
            running.add(new Running(plan, round, groups.get(plan.group()), memory, values));
            nextStart = program.thinks() == 0 ? now : now + random.nextLong(program.thinks());
        }
        collect();
        if (!engine.healthy()) {
            failedNanos = now;
            if (!running.isEmpty()) {
                mistakes.add("the attempt has failed, but not " + running);
            }
            startToLeave(now);
        } else if (toStart.isEmpty() && running.isEmpty() && !mayGoOn()) {
            startToLeave(now);
        }
    }

    private boolean nextPlan() {
        while (toStart.isEmpty() && mayGoOn()) {
            round++;
            toStart.addAll(program.order(rank, round));
        }
        return !toStart.isEmpty();
    }

    private boolean mayGoOn() {
        boolean inTime = running.stream().allMatch(each -> each.round >= round - program.lag() + 1);
        return round + 1 < program.rounds().size() && inTime;
    }

    private void collect() {
        for (Iterator<Running> each = running.iterator(); each.hasNext(); ) {
            Running operation = each.next();
            if (operation.done()) {
                each.remove();
                finish(operation);
            }
        }
    }

    private void finish(Running operation) {
        Optional<CommunicationException> failure = operation.failure();
        if (failure.isPresent()) {
            if (engine.healthy()) {
                mistakes.add(operation + " failed, but not the attempt");
            }
            if (!failure.get().missing().equals(engine.failure().orElseThrow().missing())) {
                mistakes.add(operation + " misses others than the attempt: " + failure.get());
            }
        } else {
            finished++;
            operation.mistake().ifPresent(mistake -> mistakes.add(operation + " has " + mistake));
        }
        operation.release();
    }

    private void startToLeave(long now) {
        state = State.LEAVING;
        leftNanos = now;
        engine.leave();
        leave(now);
    }

    private void leave(long now) {
        if (!engine.healthy()) {
            failedNanos = Math.min(failedNanos, now);
        }
        boolean departed = engine.departed();
        if (departed || now - leftNanos >= (engine.healthy() ? deadline : deadline / 4)) {
            state = !engine.healthy() ? State.FAILED : departed ? State.WELL : State.LONELY;
            engine.close();
        }
    }

    @Override
    public boolean finished() {
        return state == State.WELL || state == State.LONELY || state == State.FAILED;
    }

    /** Gives back what a rank that was killed holds. */
    void abandon() {
        engine.close();
        running.forEach(Running::release);
        running.clear();
    }

    State state() {
        return state;
    }

    /** True when it went through all of its program, whatever came then. */
    boolean ranAll() {
        return running.isEmpty()
                && toStart.isEmpty()
                && round + 1 == program.rounds().size()
                && finished == planned();
    }

    private int planned() {
        int count = 0;
        for (int each = 0; each < program.rounds().size(); each++) {
            count += program.order(rank, each).size();
        }
        return count;
    }

    /** When the attempt failed on it; {@link Long#MAX_VALUE} when it did not. */
    long failedNanos() {
        return failedNanos;
    }

    /** When it was polled last: a dead rank was alive then. */
    long lastPolled() {
        return lastPolled;
    }

    Optional<CommunicationException> failure() {
        return engine.failure();
    }

    /** What it saw that must never be. */
    List<String> mistakes() {
        return mistakes;
    }

    @Override
    public String toString() {
        return "rank " + rank + ": " + state + ", " + finished + " operations done, in flight " + running
                + failure()
                        .map(failure -> ", failed at " + failedNanos + " ns: " + failure.getMessage())
                        .orElse("");
    }
}
