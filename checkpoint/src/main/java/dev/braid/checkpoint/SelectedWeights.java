package dev.braid.checkpoint;

import dev.braid.tensor.DType;
import dev.braid.tensor.Shape;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.function.Predicate;

/** Some of the tensors of other weights. */
record SelectedWeights(Weights all, Predicate<String> wanted) implements Weights {
    @Override
    public Set<String> names() {
        Set<String> names = new LinkedHashSet<>(all.names());
        names.removeIf(wanted.negate());
        return names;
    }

    @Override
    public Shape shape(String name) {
        return all.shape(selected(name));
    }

    @Override
    public DType dtype(String name) {
        return all.dtype(selected(name));
    }

    @Override
    public void read(String name, long from, long count, MemorySegment target) throws IOException {
        all.read(selected(name), from, count, target);
    }

    private String selected(String name) {
        if (!wanted.test(name)) {
            throw new IllegalArgumentException("tensor \"" + name + "\" was left out; there are " + names());
        }
        return name;
    }
}
