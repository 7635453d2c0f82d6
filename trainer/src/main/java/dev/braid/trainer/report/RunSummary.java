package dev.braid.trainer.report;

import java.util.List;
import java.util.Optional;

/**
 * What a report says of a run besides its figures.
 *
 * @param name of the run
 * @param status in a few words, such as {@code complete} or {@code stopped at step 57}
 * @param facts label and value, such as {@code parameters, 8.2M} and {@code checkpoints, runs/a/checkpoints}; in order
 * @param config the resolved config as text
 * @param sample text that the model wrote
 * @param schedule who worked on what when in a pipeline, as {@link ScheduleChart} draws it
 */
public record RunSummary(
        String name,
        String status,
        List<Fact> facts,
        Optional<String> config,
        Optional<String> sample,
        Optional<String> schedule) {
    /** One line of the table. */
    public record Fact(String label, String value) {}

    public RunSummary {
        facts = List.copyOf(facts);
    }

    /** A summary with nothing else. */
    public static RunSummary of(String name, String status, List<Fact> facts) {
        return new RunSummary(name, status, facts, Optional.empty(), Optional.empty(), Optional.empty());
    }

    /** With the resolved config as text. */
    public RunSummary withConfig(String text) {
        return new RunSummary(name, status, facts, Optional.of(text), sample, schedule);
    }

    /** With a text that the model wrote. */
    public RunSummary withSample(String text) {
        return new RunSummary(name, status, facts, config, Optional.of(text), schedule);
    }

    /** With a drawing of a pipeline's schedule, an {@code svg} element. */
    public RunSummary withSchedule(String svg) {
        return new RunSummary(name, status, facts, config, sample, Optional.of(svg));
    }
}
