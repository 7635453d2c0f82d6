package dev.braid.config;

import java.util.List;
import java.util.stream.Collectors;

/** A config that can't be used. Its message lists every fault, one a line. */
public final class ConfigException extends IllegalArgumentException {
    private static final long serialVersionUID = 1;

    private final transient List<Fault> faults;

    /** Reports {@code faults}, of which there is at least one, for the config called {@code name}. */
    public ConfigException(String name, List<Fault> faults) {
        super(message(name, faults));
        this.faults = List.copyOf(faults);
    }

    /** Everything that is wrong, in the order of the file. */
    public List<Fault> faults() {
        return faults;
    }

    private static String message(String name, List<Fault> faults) {
        if (faults.isEmpty()) {
            throw new IllegalStateException("a config exception needs a fault");
        }
        String count = faults.size() == 1 ? "1 fault" : faults.size() + " faults";
        return faults.stream()
                .map(fault -> "\n  " + fault)
                .collect(Collectors.joining("", name + " has " + count + ":", ""));
    }
}
