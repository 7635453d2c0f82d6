package dev.braid.config;

/** Collects what is wrong with a config, so that everything is reported at once. */
public interface Faults {
    /**
     * Adds a fault.
     *
     * @param key the key it concerns, in snake_case and relative to the record that reports it ({@code rope.base}); empty for
     *     the record as a whole
     * @param problem what is wrong, and what is allowed
     * @param fix what most likely helps; may be empty
     */
    void add(String key, String problem, String fix);
}
