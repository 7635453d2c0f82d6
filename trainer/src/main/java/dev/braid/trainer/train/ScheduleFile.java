package dev.braid.trainer.train;

import dev.braid.models.StageSplit;
import dev.braid.parallelism.pipeline.PlacementRules;
import dev.braid.parallelism.pipeline.Schedule;
import dev.braid.parallelism.pipeline.ScheduleValidator;
import dev.braid.parallelism.pipeline.schedules.ScheduleText;
import dev.braid.trainer.config.Experiment;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The schedule of a pipeline where a config names a file; read on the machine that starts the run. */
public final class ScheduleFile {
    private static final String KEY = "pipeline.schedule: ";

    private ScheduleFile() {}

    /**
     * Reads and checks it; empty when the schedule has a name or there is no pipeline.
     *
     * @throws IllegalArgumentException with everything that is wrong with the file, or does not fit the experiment
     */
    public static Optional<Schedule> read(Experiment experiment) throws IOException {
        if (experiment.parallel().pipeline() == 1 || !experiment.pipeline().schedulesFromFile()) {
            return Optional.empty();
        }
        Path file = Path.of(experiment.pipeline().scheduleName());
        Schedule schedule = parse(file);
        List<String> faults = faults(experiment, schedule);
        if (!faults.isEmpty()) {
            throw new IllegalArgumentException(KEY + file + ": " + String.join("; ", faults));
        }
        return Optional.of(schedule);
    }

    private static Schedule parse(Path file) throws IOException {
        try {
            return ScheduleText.parse(Files.readString(file));
        } catch (NoSuchFileException missing) {
            throw new IllegalArgumentException(
                    KEY + file + " is not there; braid schedule --save writes one to start from", missing);
        } catch (IllegalArgumentException malformed) {
            throw new IllegalArgumentException(KEY + file + ":\n" + malformed.getMessage(), malformed);
        }
    }

    private static List<String> faults(Experiment experiment, Schedule schedule) {
        List<String> faults = new ArrayList<>();
        ScheduleValidator.check(schedule).ifPresent(fault -> faults.add(fault.toString()));
        if (experiment.model().embedsAtEnd()) {
            PlacementRules.tiedFault(
                            schedule.map(), "embedding", experiment.model().tieEmbeddings() ? "head" : "mtp")
                    .ifPresent(faults::add);
        }
        int ranks = experiment.parallel().pipeline();
        if (schedule.map().ranks() != ranks) {
            faults.add("it is for " + schedule.map().ranks() + " ranks, but parallel.pipeline is " + ranks);
        }
        if (schedule.microbatches() != experiment.microbatches()) {
            faults.add("it has " + schedule.microbatches() + " micro-batches, but a data rank has "
                    + experiment.microbatches() + " (batch.sequences / data ranks / batch.microbatch)");
        }
        int stages = schedule.map().stages();
        int layers = experiment.model().layers();
        if (stages > StageSplit.most(layers)) {
            faults.add("it has " + stages + " stages, more than the " + StageSplit.most(layers) + " that " + layers
                    + " layers can be cut into");
        }
        experiment
                .pipeline()
                .layers()
                .ifPresent(counts -> StageSplit.validate(
                        counts,
                        layers,
                        stages,
                        (key, problem, fix) -> faults.add(key + " " + problem + (fix.isEmpty() ? "" : "; " + fix))));
        return faults;
    }
}
