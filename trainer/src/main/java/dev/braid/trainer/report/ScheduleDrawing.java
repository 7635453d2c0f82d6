package dev.braid.trainer.report;

import dev.braid.parallelism.pipeline.Action;
import dev.braid.parallelism.pipeline.Schedule;
import dev.braid.parallelism.pipeline.Slot;
import dev.braid.parallelism.pipeline.TimedAction;
import dev.braid.parallelism.pipeline.schedules.ScheduleNotation;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * A schedule as rows of characters: a rank a row, time to the right. An action begins with its name, or with as much of it as the
 * width allows, and is filled up with a character of its kind; two that overlap are one. Short names of a {@link SecondPart} are
 * small. A dot is a column in which a rank waits.
 */
public final class ScheduleDrawing {
    /** What the characters mean. */
    public static final String LEGEND =
            "F- forward  I= gradient of the input  W~ gradient of the weights  B= both  # two that"
                    + " overlap  . idle";

    private static final char IDLE = '.';

    /** From here on a time is written with three digits. */
    private static final double MANY = 1e7;

    /** Actions of a rank that run in the same time: one, or a pair. */
    private record Cell(List<Action> actions, double start, double end) {}

    private final List<List<Cell>> ranks;
    private final double end;

    private ScheduleDrawing(List<List<Cell>> ranks) {
        this.ranks = ranks;
        this.end = ranks.stream()
                .flatMap(List::stream)
                .mapToDouble(Cell::end)
                .max()
                .orElse(0);
    }

    /**
     * Draws what ranks did or would do.
     *
     * @param schedule whose notation is used
     * @param ranks for each rank its actions by their start; times from 0
     * @param columns most characters of a row
     * @return rows ended by line feeds: the time, the ranks, what the characters mean
     */
    public static String of(Schedule schedule, List<List<TimedAction>> ranks, int columns) {
        ScheduleDrawing drawing =
                new ScheduleDrawing(ranks.stream().map(ScheduleDrawing::cells).toList());
        return drawing.draw(schedule, columns);
    }

    private static List<Cell> cells(List<TimedAction> rank) {
        List<Cell> cells = new ArrayList<>();
        for (TimedAction action : rank) {
            Cell last = cells.isEmpty() ? null : cells.getLast();
            if (last != null && last.start() == action.start() && last.end() == action.end()) {
                cells.removeLast();
                cells.add(new Cell(List.of(last.actions().getFirst(), action.action()), last.start(), last.end()));
            } else {
                cells.add(new Cell(List.of(action.action()), action.start(), action.end()));
            }
        }
        return cells;
    }

    private String draw(Schedule schedule, int columns) {
        int margin = ("rank " + (ranks.size() - 1) + " ").length();
        int width = columns - margin;
        List<Function<Action, String>> names = List.of(
                ScheduleNotation.of(schedule)::action,
                action -> letter(schedule, action) + action.microbatch(),
                action -> letter(schedule, action));
        for (Function<Action, String> name : names) {
            double scale = scale(name);
            if (end * scale <= width) {
                return rows(name, scale, margin) + legend(schedule, name == names.getFirst());
            }
        }
        return rows(names.getLast(), width / end, margin) + legend(schedule, false);
    }

    private static String legend(Schedule schedule, boolean longNames) {
        boolean pairs = schedule.ranks().stream().flatMap(List::stream).anyMatch(Slot::paired);
        Optional<String> small = longNames ? Optional.empty() : SecondPart.words(schedule.map());
        return "F- forward  I= gradient of the input  W~ gradient of the weights  B= both"
                + (pairs ? "  # two that overlap" : "")
                + "  . idle"
                + small.map(words -> "  small letters: " + words).orElse("") + "\n";
    }

    private static String letter(Schedule schedule, Action action) {
        String letter = action.kind().name();
        return SecondPart.contains(schedule, action) ? letter.toLowerCase(Locale.ROOT) : letter;
    }

    /** Columns for a unit of time so that every name fits, with a character of its kind. */
    private double scale(Function<Action, String> name) {
        double scale = 0;
        for (List<Cell> rank : ranks) {
            for (Cell cell : rank) {
                double time = cell.end() - cell.start();
                if (time > 0) {
                    scale = Math.max(scale, (name(cell, name).length() + 1) / time);
                }
            }
        }
        return scale;
    }

    private static String name(Cell cell, Function<Action, String> name) {
        return cell.actions().stream().map(name).collect(Collectors.joining("&"));
    }

    private String rows(Function<Action, String> name, double scale, int margin) {
        StringBuilder text = new StringBuilder();
        String last = end < MANY ? ScheduleFigures.figure(end) : Format.count(end);
        int width = (int) Math.round(end * scale);
        text.append(" ".repeat(margin)).append('0');
        text.append(" ".repeat(Math.max(1, width - 1 - last.length())))
                .append(last)
                .append('\n');
        for (int rank = 0; rank < ranks.size(); rank++) {
            String head = "rank " + rank;
            text.append(head).append(" ".repeat(margin - head.length()));
            text.append(row(ranks.get(rank), name, scale)).append('\n');
        }
        return text.toString();
    }

    private static String row(List<Cell> cells, Function<Action, String> name, double scale) {
        StringBuilder row = new StringBuilder();
        for (Cell cell : cells) {
            int start = (int) Math.round(cell.start() * scale);
            int end = (int) Math.round(cell.end() * scale);
            while (row.length() < start) {
                row.append(IDLE);
            }
            String text = name(cell, name);
            for (int column = row.length(); column < end; column++) {
                row.append(column - start < text.length() ? text.charAt(column - start) : fill(cell));
            }
        }
        return row.toString();
    }

    private static char fill(Cell cell) {
        if (cell.actions().size() > 1) {
            return '#';
        }
        return switch (cell.actions().getFirst().kind()) {
            case F -> '-';
            case I, B -> '=';
            case W -> '~';
        };
    }
}
