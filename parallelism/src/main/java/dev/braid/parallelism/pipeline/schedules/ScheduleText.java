package dev.braid.parallelism.pipeline.schedules;

import dev.braid.parallelism.pipeline.Schedule;
import java.util.List;
import java.util.stream.Collectors;

/**
 * A schedule as a text file, for a schedule of one's own:
 *
 * <pre>
 * # what a sharp stands before is not read
 * name: mine
 * ranks: 2
 * microbatches: 2
 * placement: 0 1
 * settles: yes
 * rank 0: 0F0 0F1 0B0 0B1
 * rank 1: 1F0 1B0 1F1 1B1
 * </pre>
 *
 * {@code placement} has the rank of each stage; where micro-batches go several ways, one list for each, as
 * {@code 0 1 / 1 0}. {@code settles} is {@link Schedule#settles}. An action is {@code {stage}{F|I|W|B}{micro-batch}}, an overlapped
 * pair {@code (7F0;0B3)}.
 */
public final class ScheduleText {
    private ScheduleText() {}

    /** The text of {@code schedule}; {@link #parse} gives an equal schedule. */
    public static String print(Schedule schedule) {
        StringBuilder text = new StringBuilder();
        text.append("name: ").append(schedule.name()).append('\n');
        text.append("ranks: ").append(schedule.map().ranks()).append('\n');
        text.append("microbatches: ").append(schedule.microbatches()).append('\n');
        text.append("placement: ")
                .append(schedule.map().directions().stream()
                        .map(ScheduleText::words)
                        .collect(Collectors.joining(" / ")))
                .append('\n');
        text.append("settles: ").append(schedule.settles() ? "yes" : "no").append('\n');
        for (int rank = 0; rank < schedule.ranks().size(); rank++) {
            text.append("rank ").append(rank).append(": ");
            text.append(words(schedule.ranks().get(rank))).append('\n');
        }
        return text.toString();
    }

    /**
     * Reads what {@link #print} writes. Whether its orders can be carried out is not its concern.
     *
     * @throws IllegalArgumentException with a line for every fault, each with its line and column and what is allowed
     */
    public static Schedule parse(String text) {
        return new ScheduleParser(text).schedule();
    }

    private static String words(List<?> items) {
        return items.stream().map(Object::toString).collect(Collectors.joining(" "));
    }
}
