package dev.braid.config;

/**
 * One thing that is wrong with a config.
 *
 * @param place {@code file.yaml:3:7}, or the option {@code -s optimizer.lr} that set the value
 * @param key the dotted key, {@code data.sources.0.path}; empty for the file as a whole
 * @param problem what is wrong, and what is allowed
 * @param fix what most likely helps; may be empty
 */
public record Fault(String place, String key, String problem, String fix) {
    /** One line: place, key, problem and fix. */
    @Override
    public String toString() {
        StringBuilder line = new StringBuilder(place);
        if (!key.isEmpty() && !place.equals("-s " + key)) {
            line.append(": ").append(key);
        }
        line.append(": ").append(problem);
        if (!fix.isEmpty()) {
            line.append("; ").append(fix);
        }
        return line.toString();
    }
}
