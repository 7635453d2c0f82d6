package dev.braid.trainer.train;

import dev.braid.parallelism.pipeline.MeasuredAction;
import dev.braid.parallelism.pipeline.MeasuredStep;
import dev.braid.parallelism.pipeline.Schedule;
import dev.braid.parallelism.pipeline.Simulator;
import java.io.ByteArrayOutputStream;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/** Keeps when the actions of some steps ran, and puts those of all ranks of a pipeline together. Used by the rank's thread. */
final class PipelineMeasurement {
    private final RankGroup ranks;
    private final Schedule schedule;
    private final ByteArrayOutputStream times = new ByteArrayOutputStream();
    private int steps;

    PipelineMeasurement(RankGroup ranks, PipelineRank place) {
        this.ranks = ranks;
        this.schedule = place.schedule();
    }

    /**
     * Takes in one step.
     *
     * @param shift added to all times: what this rank's clock is behind the common one
     */
    void add(List<MeasuredAction> step, long shift) {
        times.writeBytes(MeasuredStep.encode(
                step.stream().map(each -> each.shifted(shift)).toList()));
        steps++;
    }

    /** At rank 0, the steps as the pipeline that it belongs to ran them; nothing at the others. All ranks call it. */
    List<MeasuredStep> steps() {
        List<byte[]> all = ranks.gather(times.toByteArray());
        return IntStream.range(0, all.isEmpty() ? 0 : steps)
                .mapToObj(step -> MeasuredStep.decode(schedule, ofStep(all, step)))
                .toList();
    }

    /** The first rank of each place in the pipeline is in one pipeline with rank 0. */
    private List<byte[]> ofStep(List<byte[]> all, int step) {
        int places = schedule.map().ranks();
        return IntStream.range(0, places)
                .mapToObj(place -> all.get(place * (ranks.ranks() / places)))
                .map(bytes ->
                        Arrays.copyOfRange(bytes, step * (bytes.length / steps), (step + 1) * (bytes.length / steps)))
                .toList();
    }

    /** At rank 0, what the steps come to; nothing at the others. All ranks call it. */
    Optional<PipelineFigures> figures() {
        List<MeasuredStep> sorted = steps().stream()
                .sorted(Comparator.comparingDouble(PipelineFigures::cost))
                .toList();
        if (sorted.isEmpty()) {
            return Optional.empty();
        }
        MeasuredStep median = sorted.get(sorted.size() / 2);
        return Optional.of(new PipelineFigures(median, Simulator.run(schedule, median.costs(0), median.overlap())));
    }
}
