package dev.braid.trainer.mesh;

import dev.braid.parallelism.ExposedTime;
import dev.braid.parallelism.control.RankAddressCodec;
import dev.braid.parallelism.mesh.RankGroups;
import dev.braid.tensor.Category;
import dev.braid.tensor.Compute;
import dev.braid.tensor.Memory;
import dev.braid.tensor.trace.Flight;
import dev.braid.tensor.trace.Recorder;
import dev.braid.tensor.trace.Span;
import dev.braid.trainer.config.Experiment;
import dev.braid.trainer.ranks.RankAssignment;
import dev.braid.trainer.ranks.RankSession;
import dev.braid.trainer.train.MeshRanks;
import dev.braid.trainer.train.PipelineLayout;
import dev.braid.trainer.train.RankWorld;
import dev.braid.trainer.train.RecordedTraining;
import dev.braid.trainer.train.TrainingEvent;
import dev.braid.trainer.train.TrainingRun;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** A rank of a training run in a JVM of its own, which may die or fail in the middle of a step. */
final class MortalRank {
    /** What a process ends with that {@code kill -9} has ended. */
    static final int KILLED = 137;

    private MortalRank() {}

    /** What the rank that is to fail throws. */
    static final String FAILURE = "the disk is full";

    private static final long CLOSING_NANOS = 2_000_000_000L;

    /** How a rank comes to its end. */
    enum Fate {
        /** It does its work. */
        LIVES,
        /** Its process ends without a word, as {@code kill -9} ends it. */
        IS_KILLED,
        /** Its program throws. */
        THROWS
    }

    /**
     * What it does.
     *
     * @param folder of the run
     * @param overrides of the experiment
     * @param fate what becomes of it
     * @param last an action of a pipeline, or the axis of a wait, after which that happens
     * @param count the how manieth of that name, from 1, counted from where the run begins
     */
    record Task(String folder, List<String> overrides, Fate fate, String last, int count) {}

    /** What it tells: a loss, or at the end what is left of what only steps and worlds hold. */
    record Told(long step, double loss, long leftActivations, long leftCommunication, List<String> leftThreads) {}

    /** Called by the launcher; takes no arguments. */
    public static void main(String[] arguments) {
        RankSession.serve(MortalRank::run);
    }

    private static void run(RankSession session) throws Exception {
        Task task = session.task(Task.class);
        int rank = session.assignment().rank();
        try (Compute compute = new Compute(1, "auto", "rank-" + rank)) {
            Memory memory = compute.memory();
            try {
                inWorld(session, task, compute);
            } finally {
                // Only now has the world given back what was in flight.
                session.emit(new Told(
                        0, 0, memory.live(Category.ACTIVATIONS), memory.live(Category.COMMUNICATION), threads()));
            }
        }
    }

    private static void inWorld(RankSession session, Task task, Compute compute) throws Exception {
        Experiment experiment = MeshRun.experiment(task.overrides);
        RankAssignment assignment = session.assignment();
        try (RankWorld world = RankWorld.join(
                assignment.rank(),
                experiment.parallel().mesh(),
                compute.memory(),
                assignment.settings(),
                mine -> exchange(session, mine))) {
            world.run(() -> train(session, task, experiment, world.groups(), compute));
        }
    }

    private static List<String> exchange(RankSession session, String mine) {
        try {
            return session.exchange(RankAddressCodec.decode(mine)).stream()
                    .map(RankAddressCodec::encode)
                    .toList();
        } catch (InterruptedException abandoned) {
            throw new IllegalStateException("the launcher has gone", abandoned);
        }
    }

    private static TrainingEvent.Ended train(
            RankSession session, Task task, Experiment experiment, RankGroups groups, Compute compute)
            throws IOException {
        Recorder doom = doom(task);
        ExposedTime exposed = new ExposedTime();
        exposed.record(doom);
        MeshRanks ranks = new MeshRanks(
                groups,
                experiment.parallel().sharding(),
                LayoutRun.oneHost(experiment.parallel().mesh()),
                PipelineLayout.of(experiment, LayoutRun.VOCABULARY, Optional.empty()),
                compute.memory(),
                exposed);
        TrainingRun run = new TrainingRun(
                experiment,
                Path.of(task.folder),
                new MeshRun.Data(),
                compute,
                ranks,
                event -> {
                    if (event instanceof TrainingEvent.Stepped step) {
                        session.emit(new Told(step.step(), step.loss(), 0, 0, List.of()));
                    }
                },
                () -> false);
        RecordedTraining.record(run, doom);
        return run.run();
    }

    private static Recorder doom(Task task) {
        return new Recorder() {
            private int seen;

            @Override
            public void span(Span.Kind kind, String name, long startNanos, long endNanos) {
                if (task.fate != Fate.LIVES && name.equals(task.last) && ++seen == task.count) {
                    if (task.fate == Fate.IS_KILLED) {
                        Runtime.getRuntime().halt(KILLED);
                    }
                    throw new IllegalStateException(FAILURE);
                }
            }

            @Override
            public void flight(Flight flight) {}
        };
    }

    /** Threads of a world that are still there; one that has done its work may be seen for a moment more. */
    private static List<String> threads() throws InterruptedException {
        long until = System.nanoTime() + CLOSING_NANOS;
        List<String> threads = threadsNow();
        while (!threads.isEmpty() && System.nanoTime() < until) {
            Thread.sleep(10);
            threads = threadsNow();
        }
        return threads;
    }

    private static List<String> threadsNow() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(Thread::isAlive)
                .map(Thread::getName)
                .filter(name -> name.startsWith("braid-"))
                .sorted()
                .toList();
    }
}
