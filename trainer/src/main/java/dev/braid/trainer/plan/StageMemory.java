package dev.braid.trainer.plan;

import dev.braid.models.Stage;

/**
 * Bytes of one micro-batch in one stage, on the first rank of the tensor axis.
 *
 * @param activations held from forward to backward
 * @param kept held from the input half to the weight half: what products and norms read for it
 * @param passing what an action needs besides, while it runs
 */
record StageMemory(long activations, long kept, long passing) {
    static StageMemory of(PlanInput input, LayerTraces layers, Stage stage) {
        MemoryLedger ledger = new MemoryLedger();
        ledger.hold(Term.ACTIVATIONS, layers.carriedInto(stage.from()));
        for (int layer = stage.from(); layer < stage.to(); layer++) {
            // The output stands for the input, which is as large and is what backward reads.
            LayerTraces.replay(ledger, layers.of(layer).forward());
        }
        for (int k = 0; stage.head() && k < layers.modules(); k++) {
            ledger.hold(Term.ACTIVATIONS, input.microbatchTokens() * Integer.BYTES);
            LayerTraces.replay(ledger, layers.module(k).forward());
        }
        if (stage.head()) {
            // What came into the last norm is the last block's output; its own output and the inverse of its size.
            ledger.hold(Term.ACTIVATIONS, own(input) + input.ownTokens() * Float.BYTES);
            if (stage.layers() == 0) {
                ledger.hold(Term.ACTIVATIONS, own(input));
            }
        }
        long atRest = ledger.live().of(Term.ACTIVATIONS);
        long ofModules = stage.head() ? layers.modules() * HeadTrace.aheadBytes(input) : 0;
        if (stage.head()) {
            ledger.hold(Term.ACTIVATIONS, ofModules);
            HeadTrace.run(ledger, input);
            for (int k = layers.modules() - 1; k >= 0; k--) {
                LayerTraces.replay(ledger, layers.module(k).backward());
            }
        } else {
            ledger.hold(Term.ACTIVATIONS, own(input));
        }
        for (int layer = stage.to() - 1; layer >= stage.from(); layer--) {
            LayerTraces.replay(ledger, layers.of(layer).backward());
        }
        long ofLoss = stage.head() ? own(input) + input.microbatchTokens() * Float.BYTES + ofModules : 0;
        return new StageMemory(
                atRest + ofLoss,
                kept(input, layers, stage),
                Math.max(0, ledger.peak().total() - atRest - ofLoss));
    }

    /** What a weight half waits with: in the layers what a rehearsal finds, at the ends its input and the gradient of its output. */
    private static long kept(PlanInput input, LayerTraces layers, Stage stage) {
        long bytes = 0;
        for (int layer = stage.from(); layer < stage.to(); layer++) {
            bytes += layers.of(layer).kept();
        }
        long embedding = stage.embedding() ? own(input) : 0;
        long head = stage.head() ? 3 * own(input) + (input.ownTokens() + input.microbatchTokens()) * Float.BYTES : 0;
        long modules = 0;
        for (int k = 0; stage.head() && k < layers.modules(); k++) {
            modules += layers.module(k).kept() + own(input) + HeadTrace.aheadBytes(input);
        }
        return bytes + embedding + head + modules;
    }

    private static long own(PlanInput input) {
        return input.ownTokens() * input.model().dim() * input.compute().bytes();
    }
}
