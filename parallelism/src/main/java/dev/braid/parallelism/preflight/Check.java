package dev.braid.parallelism.preflight;

/**
 * The outcome of one check.
 *
 * @param name of the check
 * @param passed whether ranks can communicate well as it is
 * @param found what was found
 * @param change what to change; empty when it passed
 */
public record Check(String name, boolean passed, String found, String change) {
    static Check pass(String name, String found) {
        return new Check(name, true, found, "");
    }

    static Check fail(String name, String found, String change) {
        return new Check(name, false, found, change);
    }
}
