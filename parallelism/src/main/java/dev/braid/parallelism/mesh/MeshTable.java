package dev.braid.parallelism.mesh;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntFunction;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * A mesh for a person: a row for each tensor group, a column for each tensor rank.
 *
 * <pre>
 * replicate 2 x shard 2 x tensor 2 = 8 ranks
 *                       tensor 0  tensor 1  host
 * replicate 0  shard 0         0         1  node1
 * replicate 0  shard 1         2         3  node1
 * replicate 1  shard 0         4         5  node2
 * replicate 1  shard 1         6         7  node2
 * </pre>
 */
public final class MeshTable {
    private static final int MOST_ROWS = 16;
    private static final int LAST_ROWS = 2;
    private static final int MOST_COLUMNS = 8;

    private final Mesh mesh;
    private final List<String> hosts;
    private final List<Axis> outer;
    private final boolean wide;

    private MeshTable(Mesh mesh, List<String> hosts) {
        this.mesh = mesh;
        this.hosts = hosts;
        this.outer = Arrays.stream(Axis.values())
                .filter(axis -> axis != Axis.TENSOR && mesh.size(axis) > 1)
                .toList();
        this.wide = mesh.tensor() > MOST_COLUMNS;
    }

    /** Who is where in the mesh; of hundreds of ranks the first and the last. */
    public static String of(Mesh mesh) {
        return new MeshTable(mesh, List.of()).text();
    }

    /**
     * The same with a column of hosts.
     *
     * @param hosts of each world rank, see {@link Placement#hosts}
     */
    public static String of(Mesh mesh, List<String> hosts) {
        if (hosts.size() != mesh.ranks()) {
            throw new IllegalArgumentException(hosts.size() + " hosts for " + mesh.ranks() + " ranks");
        }
        return new MeshTable(mesh, hosts).text();
    }

    private String text() {
        String title = mesh.describe() + " = " + mesh.ranks() + (mesh.ranks() == 1 ? " rank\n" : " ranks\n");
        List<List<String>> rows = new ArrayList<>();
        rows.add(heading());
        int count = mesh.ranks() / mesh.tensor();
        int hidden = count > MOST_ROWS ? count - MOST_ROWS + 1 : 0;
        int shown = hidden == 0 ? count : MOST_ROWS - 1 - LAST_ROWS;
        IntStream.range(0, shown).forEach(row -> rows.add(row(row)));
        IntStream.range(shown + hidden, count).forEach(row -> rows.add(row(row)));
        List<String> lines = aligned(rows);
        if (hidden > 0) {
            lines.add(1 + shown, "... " + hidden + " more rows of the same kind");
        }
        return title + String.join("\n", lines) + "\n";
    }

    private List<String> heading() {
        List<String> cells = new ArrayList<>();
        outer.forEach(axis -> cells.add(""));
        if (wide) {
            cells.add("tensor 0 to " + (mesh.tensor() - 1));
        } else {
            cells.addAll(tensorCells(index -> "tensor " + index));
        }
        if (!hosts.isEmpty()) {
            cells.add("host");
        }
        return cells;
    }

    private List<String> row(int row) {
        int first = row * mesh.tensor();
        Coordinate coordinate = mesh.coordinate(first);
        List<String> cells = new ArrayList<>();
        outer.forEach(axis -> cells.add(axis.label() + " " + coordinate.along(axis)));
        if (wide) {
            cells.add(first + " to " + (first + mesh.tensor() - 1));
        } else {
            cells.addAll(tensorCells(index -> Integer.toString(first + index)));
        }
        if (!hosts.isEmpty()) {
            cells.add(hosts.subList(first, first + mesh.tensor()).stream()
                    .distinct()
                    .collect(Collectors.joining(", ")));
        }
        return cells;
    }

    private List<String> tensorCells(IntFunction<String> cell) {
        return IntStream.range(0, mesh.tensor()).mapToObj(cell).toList();
    }

    /** Names of axes and hosts to the left, numbers to the right. */
    private List<String> aligned(List<List<String>> rows) {
        int columns = rows.getFirst().size();
        int[] widths = new int[columns];
        rows.forEach(row -> Arrays.setAll(
                widths, column -> Math.max(widths[column], row.get(column).length())));
        List<String> lines = new ArrayList<>();
        for (List<String> row : rows) {
            StringBuilder line = new StringBuilder();
            for (int column = 0; column < columns; column++) {
                boolean left = column < outer.size() || (!hosts.isEmpty() && column == columns - 1);
                String space = " ".repeat(widths[column] - row.get(column).length());
                line.append(column == 0 ? "" : "  ").append(left ? row.get(column) + space : space + row.get(column));
            }
            lines.add(line.toString().stripTrailing());
        }
        return lines;
    }
}
