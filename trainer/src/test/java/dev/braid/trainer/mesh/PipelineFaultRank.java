package dev.braid.trainer.mesh;

import dev.braid.parallelism.Endpoint;
import dev.braid.parallelism.ExposedTime;
import dev.braid.parallelism.Fabric;
import dev.braid.parallelism.mesh.RankGroups;
import dev.braid.tensor.Category;
import dev.braid.tensor.Compute;
import dev.braid.tensor.trace.Flight;
import dev.braid.tensor.trace.Recorder;
import dev.braid.tensor.trace.Span;
import dev.braid.trainer.config.Experiment;
import dev.braid.trainer.ranks.RankSession;
import dev.braid.trainer.train.MeshRanks;
import dev.braid.trainer.train.PipelineLayout;
import dev.braid.trainer.train.RecordedTraining;
import dev.braid.trainer.train.TrainingEvent;
import dev.braid.trainer.train.TrainingRun;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** A rank of a pipeline in a JVM of its own, which may die in the middle of a step. */
final class PipelineFaultRank {
    /** What a process ends with that {@code kill -9} has ended. */
    static final int KILLED = 137;

    private PipelineFaultRank() {}

    /**
     * What it does.
     *
     * @param folder of the run
     * @param overrides of the experiment
     * @param lastAction after which the process ends without a word; empty for a life without end
     * @param lastStep of that action, from 1, counted from where the run begins
     */
    record Task(String folder, List<String> overrides, String lastAction, int lastStep) {}

    /** What it tells: a loss, or at the end how much is left of what only steps hold. */
    record Told(long step, double loss, long leftActivations, long leftCommunication) {}

    /** Called by the launcher; takes no arguments. */
    public static void main(String[] arguments) {
        RankSession.serve(PipelineFaultRank::run);
    }

    private static void run(RankSession session) throws Exception {
        Task task = session.task(Task.class);
        int rank = session.assignment().rank();
        try (Compute compute = new Compute(1, "auto", "rank-" + rank)) {
            try (Endpoint endpoint = Endpoint.open(
                            rank,
                            session.assignment().ranks(),
                            compute.memory(),
                            session.assignment().settings());
                    Fabric fabric = endpoint.join(session.exchange(endpoint.address()))) {
                train(session, task, fabric, compute);
            } finally {
                // Only now has the fabric given back what was in flight.
                long activations = compute.memory().live(Category.ACTIVATIONS);
                session.emit(new Told(0, 0, activations, compute.memory().live(Category.COMMUNICATION)));
            }
        }
    }

    private static void train(RankSession session, Task task, Fabric fabric, Compute compute) throws Exception {
        Experiment experiment = MeshRun.experiment(task.overrides);
        MeshRanks ranks = new MeshRanks(
                new RankGroups(experiment.parallel().mesh(), fabric),
                experiment.parallel().sharding(),
                LayoutRun.oneHost(experiment.parallel().mesh()),
                PipelineLayout.of(experiment, LayoutRun.VOCABULARY, Optional.empty()),
                compute.memory(),
                new ExposedTime());
        TrainingRun run = new TrainingRun(
                experiment,
                Path.of(task.folder),
                new MeshRun.Data(),
                compute,
                ranks,
                event -> {
                    if (event instanceof TrainingEvent.Stepped step) {
                        session.emit(new Told(step.step(), step.loss(), 0, 0));
                    }
                },
                () -> false);
        RecordedTraining.record(run, doom(task));
        run.run();
    }

    private static Recorder doom(Task task) {
        return new Recorder() {
            private int seen;

            @Override
            public void span(Span.Kind kind, String name, long startNanos, long endNanos) {
                if (name.equals(task.lastAction) && ++seen == task.lastStep) {
                    Runtime.getRuntime().halt(KILLED);
                }
            }

            @Override
            public void flight(Flight flight) {}
        };
    }
}
