package dev.braid.checkpoint;

import dev.braid.tensor.DType;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.LinkedHashSet;
import java.util.Set;

/** The weights whose names start with a prefix, under what follows it. */
record PrefixedWeights(Weights all, String prefix) implements Weights {
    @Override
    public Set<String> names() {
        Set<String> names = new LinkedHashSet<>();
        for (String name : all.names()) {
            if (name.startsWith(prefix)) {
                names.add(name.substring(prefix.length()));
            }
        }
        return names;
    }

    @Override
    public Shape shape(String name) {
        return all.shape(prefix + name);
    }

    @Override
    public DType dtype(String name) {
        return all.dtype(prefix + name);
    }

    @Override
    public void read(String name, long from, long count, MemorySegment target) throws IOException {
        all.read(prefix + name, from, count, target);
    }

    @Override
    public void load(String name, Tensor target) throws IOException {
        all.load(prefix + name, target);
    }

    @Override
    public void load(String name, Band band, long from, Tensor local, long localFrom, long count) throws IOException {
        all.load(prefix + name, band, from, local, localFrom, count);
    }
}
