package dev.braid.tensor.parameters;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Weights that are used together and so come, go and are reduced together: the embedding, a block, the output. Counts its uses
 * on the tapes, so that its store hears when the gradient is complete. A unit may be tied to another: then its weights are the
 * same parameters, used at another place of the model. Used by one thread.
 */
public final class Unit {
    /**
     * One parameter of the unit.
     *
     * @param part of this rank along the tensor axis and the expert axis
     * @param weight that it lies in
     * @param row its first row there
     */
    public record Entry(ParameterSpec spec, Part part, Weight weight, long row) {}

    private final String name;
    private final List<Entry> entries = new ArrayList<>();
    private final List<Weight> weights = new ArrayList<>();
    private final Optional<Unit> original;
    private Optional<Unit> tied = Optional.empty();
    private ParameterStore store;
    private int uses;

    Unit(String name) {
        this.name = name;
        this.original = Optional.empty();
    }

    /** A unit tied to {@code original}. */
    Unit(String name, Unit original) {
        this.name = name;
        this.original = Optional.of(original);
        original.tied = Optional.of(this);
    }

    /** Such as {@code layers.3}. */
    public String name() {
        return name;
    }

    /** The unit that it is tied to. */
    public Optional<Unit> original() {
        return original;
    }

    /** The unit that is tied to it. */
    public Optional<Unit> tied() {
        return tied;
    }

    /** Its parameters as declared. */
    public List<Entry> entries() {
        return List.copyOf(entries);
    }

    /** Its weights as declared. */
    public List<Weight> weights() {
        return List.copyOf(weights);
    }

    /** Number of elements of this rank's parts. */
    public long count() {
        return weights.stream().mapToLong(weight -> weight.shape().count()).sum();
    }

    /** Whether the expert axis divides it: then fewer ranks than those of the shard group hold the same weights. */
    public boolean byExpert() {
        return entries.stream().anyMatch(entry -> entry.spec().division() instanceof Division.Experts);
    }

    void add(Weight weight, List<Entry> parameters) {
        weights.add(weight);
        entries.addAll(parameters);
    }

    /** For stores: who holds the weights. */
    public void setStore(ParameterStore holder) {
        store = holder;
    }

    /** The values are needed now. */
    public void needValues() {
        store.needValues(this);
    }

    /** The values are not needed until the next {@link #needValues}. */
    public void releaseValues() {
        store.releaseValues(this);
    }

    void needGradient() {
        store.needGradient(this);
    }

    /**
     * A use has begun whose backward will add to the gradient. Whoever has several micro-batches in flight opens a use of his own
     * around all of them, so that the gradient is complete when he ends it.
     */
    public void beginUse() {
        uses++;
    }

    /** The backward of a use is complete; with the last one the gradient is. */
    public void endUse() {
        if (--uses == 0) {
            store.gradientComplete(this);
        }
    }

    /** A use has ended without adding to the gradient: nobody is told. */
    public void abandonUse() {
        uses--;
    }
}
