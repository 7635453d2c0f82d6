package dev.braid.trainer.report;

import dev.braid.parallelism.pipeline.Schedule;
import dev.braid.parallelism.pipeline.Simulation;
import dev.braid.parallelism.pipeline.schedules.ScheduleNotation;
import java.util.List;
import java.util.Locale;
import java.util.function.IntToDoubleFunction;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** A simulated schedule for a person: its orders, a drawing, and what it comes to. */
public final class ScheduleFigures {
    private static final int COLUMNS = 180;

    private final Simulation simulation;
    private final Schedule schedule;

    private ScheduleFigures(Simulation simulation) {
        this.simulation = simulation;
        this.schedule = simulation.schedule();
    }

    /** Lines ended by line feeds. */
    public static String of(Simulation simulation) {
        return new ScheduleFigures(simulation).text();
    }

    /** A time or a number of units: whole as it is, else with four significant digits. */
    static String figure(double value) {
        return value == Math.rint(value) && Math.abs(value) < 1e15
                ? Long.toString((long) value)
                : String.format(Locale.ROOT, Math.abs(value) >= 1000 ? "%.0f" : "%.4g", value)
                        .replaceFirst("(\\.\\d*?)0+$", "$1")
                        .replaceFirst("\\.$", "");
    }

    private String text() {
        StringBuilder text = new StringBuilder(heading()).append("\n\n");
        List<String> orders = ScheduleNotation.of(schedule).ranks();
        int widest = ("rank " + (orders.size() - 1)).length();
        for (int rank = 0; rank < orders.size(); rank++) {
            text.append(String.format(Locale.ROOT, "%-" + widest + "s  %s%n", "rank " + rank, orders.get(rank)));
        }
        text.append('\n')
                .append(ScheduleDrawing.of(schedule, simulation.ranks(), COLUMNS))
                .append('\n');
        text.append("makespan     ").append(figure(simulation.makespan())).append('\n');
        text.append("span         ").append(figure(simulation.span()));
        text.append(", the longest time from a rank's first action to its last\n");
        text.append("bubble rate  ").append(rate(simulation.bubbleRate())).append(" of the ");
        text.append(schedule.settles() ? "makespan" : "span: no rank waits for the others between two steps");
        text.append("; by rank ")
                .append(byRank(rank -> simulation.bubbleRate(rank), true))
                .append('\n');
        text.append("peak         ").append(byRank(simulation::peak, false));
        return text.append(", by rank, in units of one full stage of one micro-batch\n")
                .toString();
    }

    private String heading() {
        int ranks = schedule.map().ranks();
        int stages = schedule.map().stages();
        return schedule.name() + ": " + counted(ranks, "rank", "ranks") + ", " + counted(stages, "stage", "stages")
                + ", " + counted(schedule.microbatches(), "micro-batch", "micro-batches");
    }

    private static String counted(int number, String one, String several) {
        return number + " " + (number == 1 ? one : several);
    }

    private String byRank(IntToDoubleFunction value, boolean rate) {
        return IntStream.range(0, simulation.ranks().size())
                .mapToDouble(value::applyAsDouble)
                .mapToObj(figure -> rate ? rate(figure) : figure(figure))
                .collect(Collectors.joining(" "));
    }

    private static String rate(double share) {
        return String.format(Locale.ROOT, "%.4f", share);
    }
}
