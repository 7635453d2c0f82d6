package dev.braid.trainer.huggingface;

import dev.braid.checkpoint.huggingface.Part;
import dev.braid.tensor.Shape;
import java.util.ArrayList;
import java.util.List;

/**
 * Tensors of the experts of a mixture. Braid has three parameters [experts, dim, hidden]; a folder has matrices [hidden, dim] of each
 * expert for {@code gate} and {@code up} and [dim, hidden] for {@code down}, or those of all experts in two tensors.
 */
final class ExpertTensors {
    private static final String GATE = "experts.gate.weight";
    private static final String UP = "experts.up.weight";
    private static final String DOWN = "experts.down.weight";

    private final Tensors tensors;
    private final long experts;
    private final long dim;
    private final long hidden;

    private ExpertTensors(Tensors tensors) {
        Shape shape = tensors.shape(GATE);
        this.tensors = tensors;
        this.experts = shape.extent(0);
        this.dim = shape.extent(1);
        this.hidden = shape.extent(2);
    }

    /**
     * One matrix of each expert by the names {@code experts.E.gate.weight} and so on; two tensors of all experts,
     * {@code gate_up_proj} and {@code down_proj} behind {@code fusedFolder}, as transformers 5 has them in memory, are read too.
     */
    static void each(Tensors tensors, String folder, String gate, String up, String down, String fusedFolder) {
        ExpertTensors stack = new ExpertTensors(tensors);
        for (int e = 0; e < stack.experts; e++) {
            String expert = folder + e + ".";
            tensors.put(expert + gate + ".weight", Shape.of(stack.hidden, stack.dim), List.of(stack.wide(GATE, e)));
            tensors.put(expert + up + ".weight", Shape.of(stack.hidden, stack.dim), List.of(stack.wide(UP, e)));
            tensors.put(expert + down + ".weight", Shape.of(stack.dim, stack.hidden), List.of(stack.narrow(e)));
        }
        tensors.alternative(fusedFolder + "gate_up_proj", stack.fusedShape(), stack.fused());
        tensors.alternative(
                fusedFolder + "down_proj",
                tensors.shape(DOWN),
                List.of(tensors.run(DOWN, 0, stack.size() * stack.experts)));
    }

    /** Two tensors of all experts: gate above up, and down. */
    static void together(Tensors tensors, String gateAndUp, String down) {
        ExpertTensors stack = new ExpertTensors(tensors);
        tensors.put(gateAndUp, stack.fusedShape(), stack.fused());
        tensors.put(down, DOWN);
    }

    private Shape fusedShape() {
        return Shape.of(experts, 2 * hidden, dim);
    }

    private List<Part> fused() {
        List<Part> parts = new ArrayList<>();
        for (int e = 0; e < experts; e++) {
            parts.add(wide(GATE, e));
            parts.add(wide(UP, e));
        }
        return parts;
    }

    private Part wide(String parameter, int expert) {
        return tensors.turned(parameter, expert * size(), dim, hidden, 1);
    }

    private Part narrow(int expert) {
        return tensors.run(DOWN, expert * size(), size());
    }

    private long size() {
        return dim * hidden;
    }
}
