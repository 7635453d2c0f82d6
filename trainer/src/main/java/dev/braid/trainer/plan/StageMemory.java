package dev.braid.trainer.plan;

import dev.braid.models.ModelConfig;
import dev.braid.models.Stage;
import dev.braid.trainer.plan.MemoryLedger.Held;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;

/**
 * Bytes of one micro-batch in one stage, on the first rank of the tensor axis.
 *
 * @param activations held from forward to backward
 * @param kept held from the input half to the weight half: what products and norms read for it
 * @param passing what an action needs besides, while it runs
 */
record StageMemory(long activations, long kept, long passing) {
    static StageMemory of(PlanInput input, Stage stage) {
        List<BlockShape> shapes = input.model().arrangement().subList(stage.from(), stage.to()).stream()
                .map((ModelConfig.Layer layer) ->
                        BlockShape.of(input.model(), layer, input.mesh().tensor()))
                .toList();
        MemoryLedger ledger = new MemoryLedger();
        Deque<BlockTrace> blocks = new ArrayDeque<>();
        for (BlockShape shape : shapes) {
            // The output stands for the input, which is as large and is what backward reads.
            BlockTrace block = new BlockTrace(ledger, input, shape);
            block.forward();
            if (input.recompute()) {
                block.releaseSaved();
            }
            blocks.push(block);
        }
        if (stage.head()) {
            // What came into the last norm is the last block's output; its own output and the inverse of its size.
            ledger.hold(Term.ACTIVATIONS, own(input) + input.ownTokens() * Float.BYTES);
            if (shapes.isEmpty()) {
                ledger.hold(Term.ACTIVATIONS, own(input));
            }
        }
        long atRest = ledger.live().of(Term.ACTIVATIONS);
        Held gradient = stage.head() ? HeadTrace.run(ledger, input) : ledger.hold(Term.ACTIVATIONS, own(input));
        while (!blocks.isEmpty()) {
            gradient = backward(ledger, input, blocks.pop(), gradient);
        }
        long ofLoss = stage.head() ? own(input) + input.microbatchTokens() * Float.BYTES : 0;
        return new StageMemory(
                atRest + ofLoss,
                kept(input, stage, shapes),
                Math.max(0, ledger.peak().total() - atRest - ofLoss));
    }

    private static Held backward(MemoryLedger ledger, PlanInput input, BlockTrace block, Held gradient) {
        if (!input.recompute()) {
            return block.backward(gradient);
        }
        Held output = block.forward();
        Held passed = block.backward(gradient);
        output.release();
        return passed;
    }

    /**
     * A product keeps its input and the gradient of its output, a norm its input, the gradient of its output, and inverse sizes; in
     * a block two norms and four products: eight tensors of the residual's width, and what the inner widths make.
     */
    private static long kept(PlanInput input, Stage stage, List<BlockShape> shapes) {
        long bytes = 0;
        for (BlockShape shape : shapes) {
            long packed = shape.headNorm() ? 3 * shape.packed() : shape.packed();
            long columns = packed + shape.queries() + 3L * shape.hidden();
            bytes += 8 * own(input)
                    + columns * input.microbatchTokens() * input.compute().bytes()
                    + 2 * input.ownTokens() * Float.BYTES
                    + (shape.headNorm()
                            ? input.microbatchTokens() * (shape.heads() + shape.kvHeads()) * Float.BYTES
                            : 0);
        }
        long embedding = stage.embedding() ? own(input) : 0;
        long head = stage.head() ? 3 * own(input) + (input.ownTokens() + input.microbatchTokens()) * Float.BYTES : 0;
        return bytes + embedding + head;
    }

    private static long own(PlanInput input) {
        return input.ownTokens() * input.model().dim() * input.compute().bytes();
    }
}
