package dev.braid.trainer.report;

import dev.braid.parallelism.pipeline.Action;
import dev.braid.parallelism.pipeline.MeasuredStep;
import dev.braid.parallelism.pipeline.Schedule;
import dev.braid.parallelism.pipeline.Simulation;
import dev.braid.parallelism.pipeline.Simulator;
import dev.braid.parallelism.pipeline.TimedAction;
import dev.braid.parallelism.pipeline.schedules.ScheduleNotation;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * A pipeline schedule as SVG: a row a rank, time to the right, a box an action with the number of its micro-batch. Boxes have the
 * colour of their kind, lighter for the second direction or for every second stage of a rank. Of two that run together the forward
 * is above the backward.
 */
public final class ScheduleChart {
    /**
     * What ranks did, or would do; several are drawn below each other, rank by rank, in the same time.
     *
     * @param name such as {@code measured}
     * @param ranks for each rank its actions by their start; times from 0
     */
    public record Band(String name, List<List<TimedAction>> ranks) {}

    private static final int WIDTH = 1000;
    private static final int LEFT = 62;
    private static final int RIGHT = 14;
    private static final int TOP = 6;
    private static final int LANE = 20;
    private static final int BETWEEN_BANDS = 2;
    private static final int BETWEEN_RANKS = 6;
    private static final int AXIS = 22;
    private static final int LEGEND = 22;
    private static final double DIGIT = 6.2;

    private final Schedule schedule;
    private final ScheduleNotation notation;
    private final List<Band> bands;
    private final int rankHeight;
    private final int ranks;
    private final Axis time;
    private final StringBuilder svg = new StringBuilder(1 << 14);

    private ScheduleChart(Schedule schedule, List<Band> bands) {
        this.schedule = schedule;
        this.notation = ScheduleNotation.of(schedule);
        this.bands = bands;
        this.ranks = schedule.map().ranks();
        this.rankHeight = bands.size() * (LANE + BETWEEN_BANDS) - BETWEEN_BANDS + BETWEEN_RANKS;
        double end = bands.stream()
                .flatMap(band -> band.ranks().stream())
                .flatMap(List::stream)
                .mapToDouble(TimedAction::end)
                .max()
                .orElse(1);
        this.time = Axis.from0(end, 10);
    }

    /** A simulated schedule as an SVG file. */
    public static String page(Simulation simulation) {
        Schedule schedule = simulation.schedule();
        String title = schedule.name() + ", " + schedule.map().ranks() + " ranks, " + schedule.microbatches()
                + " micro-batches";
        return draw(title, schedule, List.of(new Band("simulated", simulation.ranks())));
    }

    /**
     * A measured step below the step that its measured times give in simulation, in seconds.
     *
     * @param communication seconds that a result takes from rank to rank
     */
    public static String of(MeasuredStep step, double communication) {
        Simulation simulated = Simulator.run(step.schedule(), step.costs(communication), step.overlap());
        return draw(
                step.schedule().name() + ", simulated and measured, in seconds",
                step.schedule(),
                List.of(new Band("simulated", simulated.ranks()), new Band("measured", step.timed())));
    }

    /**
     * An {@code svg} element with its own style, for a page or as a file.
     *
     * @param title for a reader who can't see it
     * @param schedule that all bands are of
     */
    public static String draw(String title, Schedule schedule, List<Band> bands) {
        return new ScheduleChart(schedule, bands).draw(title);
    }

    private String draw(String title) {
        int height = TOP + ranks * rankHeight + AXIS + LEGEND;
        svg.append("<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" class=\"schedule\" viewBox=\"0 0 " + WIDTH
                + " " + height + "\">\n");
        svg.append("<title>").append(Markup.escape(title)).append("</title>\n");
        svg.append("<style>\n").append(style()).append("</style>\n");
        axis();
        for (int rank = 0; rank < ranks; rank++) {
            int y = TOP + rank * rankHeight;
            text("label", LEFT - 8, y + (rankHeight - BETWEEN_RANKS) / 2.0 + 4, "end", "rank " + rank);
            for (int band = 0; band < bands.size(); band++) {
                lane(bands.get(band).ranks().get(rank), y + band * (LANE + BETWEEN_BANDS));
            }
        }
        legend(height - 8);
        return svg.append("</svg>\n").toString();
    }

    private void axis() {
        int bottom = TOP + ranks * rankHeight;
        for (Axis.Tick tick : time.ticks()) {
            String x = Markup.coordinate(x(tick.value()));
            svg.append("<path class=\"tick\" d=\"M" + x + "," + TOP + "V" + bottom + "\"/>\n");
            text("label", x(tick.value()), bottom + 12, "middle", tick.label());
        }
    }

    private double x(double moment) {
        return LEFT + time.position(moment) * (WIDTH - LEFT - RIGHT);
    }

    private void lane(List<TimedAction> actions, int y) {
        svg.append("<rect class=\"lane\" x=\"" + LEFT + "\" y=\"" + y + "\" width=\"" + (WIDTH - LEFT - RIGHT)
                + "\" height=\"" + LANE + "\"/>\n");
        for (int i = 0; i < actions.size(); i++) {
            boolean upper = i + 1 < actions.size() && together(actions.get(i), actions.get(i + 1));
            boolean lower = i > 0 && together(actions.get(i - 1), actions.get(i));
            box(actions.get(i), lower ? y + LANE / 2 : y, upper || lower ? LANE / 2 : LANE);
        }
    }

    private static boolean together(TimedAction one, TimedAction other) {
        return one.start() == other.start() && one.end() == other.end() && one.end() > one.start();
    }

    private void box(TimedAction timed, int y, int height) {
        Action action = timed.action();
        double left = x(timed.start());
        double width = x(timed.end()) - left;
        svg.append("<g class=\"" + action.kind() + (SecondPart.contains(schedule, action) ? " light" : "")
                + (height < LANE ? " half" : "") + "\"><rect x=\""
                + Markup.coordinate(left) + "\" y=\"" + y + "\" width=\"" + Markup.coordinate(width) + "\" height=\""
                + height + "\"><title>" + Markup.escape(notation.action(action)) + ": "
                + ScheduleFigures.figure(timed.start()) + " to " + ScheduleFigures.figure(timed.end())
                + "</title></rect>");
        String number = Integer.toString(action.microbatch());
        if (number.length() * DIGIT + 2 <= width) {
            double middle = y + height / 2.0 + (height < LANE ? 3 : 3.5);
            svg.append("<text x=\"" + Markup.coordinate(left + width / 2) + "\" y=\"" + Markup.coordinate(middle)
                    + "\">" + number + "</text>");
        }
        svg.append("</g>\n");
    }

    private void legend(int y) {
        Set<Action.Kind> kinds = schedule.ranks().stream()
                .flatMap(List::stream)
                .flatMap(slot -> slot.actions().stream())
                .map(Action::kind)
                .collect(Collectors.toCollection(() -> EnumSet.noneOf(Action.Kind.class)));
        double x = LEFT;
        for (Action.Kind kind : kinds) {
            svg.append("<g class=\"" + kind + "\"><rect x=\"" + Markup.coordinate(x) + "\" y=\"" + (y - 9)
                    + "\" width=\"10\" height=\"10\"/></g>\n");
            text("label", x + 15, y, "start", words(kind));
            x += 15 + words(kind).length() * DIGIT + 14;
        }
        text("label", x, y, "start", String.join("; ", notes()));
    }

    private static String words(Action.Kind kind) {
        return switch (kind) {
            case F -> "forward";
            case I -> "gradient of the input";
            case W -> "gradient of the weights";
            case B -> "both gradients";
        };
    }

    private List<String> notes() {
        List<String> notes = new ArrayList<>();
        SecondPart.words(schedule.map()).ifPresent(words -> notes.add("light: " + words));
        if (bands.size() > 1) {
            notes.add("from above: " + bands.stream().map(Band::name).collect(Collectors.joining(", ")));
        }
        return notes;
    }

    private void text(String style, double x, double y, String anchor, String text) {
        svg.append("<text class=\"" + style + "\" x=\"" + Markup.coordinate(x) + "\" y=\"" + Markup.coordinate(y)
                + "\" text-anchor=\"" + anchor + "\">" + Markup.escape(text) + "</text>\n");
    }

    private static String style() {
        try (InputStream in = ScheduleChart.class.getResourceAsStream("schedule.css")) {
            if (in == null) {
                throw new IllegalStateException("resource schedule.css is missing from the jar");
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException failure) {
            throw new UncheckedIOException("resource schedule.css cannot be read", failure);
        }
    }
}
