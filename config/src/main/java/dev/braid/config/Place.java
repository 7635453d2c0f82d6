package dev.braid.config;

/**
 * Where a value was written.
 *
 * @param source the file, or the option that set the value
 * @param line from 1; 0 when the source has no lines, as an option has none
 * @param column from 1; 0 when the source has no lines
 */
record Place(String source, int line, int column) {
    static Place whole(String source) {
        return new Place(source, 0, 0);
    }

    /** {@code file.yaml:3:7}, or only the source when it has no lines. */
    String text() {
        return line == 0 ? source : source + ":" + line + ":" + column;
    }
}
