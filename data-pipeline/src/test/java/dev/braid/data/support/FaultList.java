package dev.braid.data.support;

import dev.braid.config.Faults;
import dev.braid.config.Validated;
import java.util.ArrayList;
import java.util.List;

/** Keeps faults as lines. */
public final class FaultList implements Faults {
    private final List<String> lines = new ArrayList<>();

    public static List<String> of(Validated config) {
        FaultList faults = new FaultList();
        config.validate(faults);
        return faults.lines;
    }

    @Override
    public void add(String key, String problem, String fix) {
        lines.add(key + ": " + problem + "; " + fix);
    }
}
