package dev.braid.trainer.plan;

import dev.braid.trainer.plan.MemoryLedger.Held;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Memory of the first rank over a training step, found by following one micro-batch through forward and backward. Ranks along
 * the tensor axis differ by at most a head or a row, ranks along the shard axis by a block of elements.
 */
final class StepMemory {
    /** Tokens, labels, positions and documents. */
    private static final int BATCH_TENSORS = 4;

    private final MemoryLedger ledger = new MemoryLedger();
    private final PlanInput input;
    private final List<UnitSize> sizes;
    private final UnitTrace units;
    private final LayerTraces layers;
    private final int outputUnit;
    private final int vocabulary;

    /**
     * What a step comes to.
     *
     * @param held all the time
     * @param peak at the fullest moment
     * @param largestTransient the largest of what comes and goes, by name
     * @param largestTransientBytes its size
     */
    record Result(ZeroMemory held, Footprint peak, String largestTransient, long largestTransientBytes) {}

    private StepMemory(PlanInput input, List<UnitSize> sizes) {
        this.input = input;
        this.sizes = sizes;
        this.outputUnit = sizes.size() - 1;
        this.vocabulary = Math.ceilDiv(input.vocabulary(), input.mesh().tensor());
        this.layers = new LayerTraces(input);
        this.units = new UnitTrace(ledger, input, sizes);
    }

    /**
     * Follows a step.
     *
     * @param sizes of the units on a rank of the tensor axis and the expert axis, see {@link UnitSize#of}
     */
    static Result of(PlanInput input, List<UnitSize> sizes) {
        return new StepMemory(input, sizes).run();
    }

    private Result run() {
        ZeroMemory held = sizes.stream().map(unit -> unit.held(input)).reduce(ZeroMemory.NONE, ZeroMemory::plus);
        ledger.hold(Term.PARAMETERS, held.parameters());
        ledger.hold(Term.GRADIENTS, held.gradients());
        ledger.hold(Term.OPTIMIZER, held.optimizer());
        ledger.hold(
                Term.WORKSPACE,
                Scratch.products(input.cores(), input.compute(), input.model().dim()));
        ledger.hold(Term.ACTIVATIONS, BATCH_TENSORS * Integer.BYTES * input.microbatchTokens());
        microbatch();
        return new Result(
                held, ledger.peak(), ledger.largest().name(), ledger.largest().bytes());
    }

    private long own(long columns) {
        return input.ownTokens() * columns * input.compute().bytes();
    }

    private Held gathered() {
        return ledger.holdShortly(
                Term.COMMUNICATION,
                "rows of all tensor ranks",
                input.mesh().tensor() > 1
                        ? input.microbatchTokens()
                                * input.model().dim()
                                * input.compute().bytes()
                        : 0);
    }

    private void microbatch() {
        int dim = input.model().dim();
        if (input.keepsTiedGradient()) {
            ledger.hold(Term.UNITS_IN_FLIGHT, sizes.getFirst().gradientBytes());
        }
        units.values(List.of(0, 1));
        ledger.hold(Term.ACTIVATIONS, own(dim));
        if (input.mesh().tensor() > 1) {
            // Tokens and labels as rows of this rank's part of the table.
            ledger.hold(Term.ACTIVATIONS, 2 * Integer.BYTES * input.microbatchTokens());
        }
        gathered().release();
        for (int i = 0; i < layers.count(); i++) {
            units.values(with(unitsOf(i), unitsOf(i).getLast() + 1));
            LayerTraces.replay(ledger, layers.of(i).forward());
        }
        for (int k = 0; k < layers.modules(); k++) {
            units.values(List.of(0, moduleUnit(), outputUnit));
            ledger.hold(Term.ACTIVATIONS, Integer.BYTES * input.microbatchTokens());
            gathered().release();
            LayerTraces.replay(ledger, layers.module(k).forward());
        }
        ledger.hold(Term.ACTIVATIONS, own(dim));
        ledger.hold(Term.ACTIVATIONS, input.ownTokens() * Float.BYTES);
        head(dim);
        modulesBackward();
        for (int i = layers.count() - 1; i >= 0; i--) {
            List<Integer> own = unitsOf(i);
            units.values(with(own, i > 0 ? unitsOf(i - 1).getFirst() : afterBackward()));
            own.forEach(units::gradientBegins);
            LayerTraces.replay(ledger, layers.of(i).backward());
            own.reversed().forEach(units::gradientComplete);
        }
        units.gradientBegins(0);
        gathered().release();
    }

    private int moduleUnit() {
        return IntStream.range(0, sizes.size())
                .filter(unit -> sizes.get(unit).name().equals("mtp"))
                .findFirst()
                .orElseThrow();
    }

    private void modulesBackward() {
        for (int k = layers.modules() - 1; k >= 0; k--) {
            units.values(List.of(moduleUnit(), moduleUnit() - 1));
            units.gradientBegins(moduleUnit());
            LayerTraces.replay(ledger, layers.module(k).backward());
        }
        if (layers.modules() > 0) {
            units.gradientComplete(moduleUnit());
        }
    }

    /** The units of a layer: its own, and that of its experts. */
    private List<Integer> unitsOf(int layer) {
        return IntStream.range(0, sizes.size())
                .filter(unit -> sizes.get(unit).ofLayer(layer))
                .boxed()
                .toList();
    }

    private static List<Integer> with(List<Integer> units, int ahead) {
        return Stream.concat(units.stream(), Stream.of(ahead)).toList();
    }

    /** The unit gathered ahead when backward comes to its end: the one that the next micro-batch begins with. */
    private int afterBackward() {
        return input.microbatches() > 1 ? 0 : 1;
    }

    /** Loss and its gradient in one pass, then the last norm's backward. */
    private void head(int dim) {
        boolean tied = input.model().embedsAtEnd();
        List<Integer> used = new ArrayList<>(List.of(outputUnit, outputUnit - 1));
        units.gradientBegins(outputUnit);
        if (tied) {
            used.add(0);
        }
        units.values(used);
        if (tied && !input.keepsTiedGradient()) {
            ledger.holdShortly(
                    Term.UNITS_IN_FLIGHT,
                    "gradient of the tied head",
                    sizes.getFirst().gradientBytes());
        }
        for (int k = 0; k < layers.modules(); k++) {
            HeadTrace.ahead(ledger, input);
        }
        HeadTrace.run(ledger, input);
        units.gradientComplete(outputUnit);
    }
}
