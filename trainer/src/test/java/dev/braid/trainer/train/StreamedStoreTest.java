package dev.braid.trainer.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.braid.checkpoint.Weights;
import dev.braid.models.Batch;
import dev.braid.models.Decoder;
import dev.braid.tensor.Category;
import dev.braid.tensor.Compute;
import dev.braid.tensor.DType;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.autograd.Tape;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** A model that reads its weights as it uses them. */
class StreamedStoreTest {
    private final ParityCase parity = ParityCase.all().get(1);

    @Test
    void shouldGiveTheLogitsOfTheWholeModelWithAUnitInMemoryAtATime() {
        for (DType dtype : new DType[] {DType.F32, DType.BF16}) {
            try (Compute compute = new Compute(1, "auto", "whole");
                    Compute small = new Compute(1, "auto", "streamed")) {
                Decoder whole = new Decoder(parity.model(), parity.vocabulary(), compute, dtype);
                whole.initialize(3);
                Decoder streamed = new Decoder(
                        parity.model(), parity.vocabulary(), small, dtype, StreamedStore.layout(weights(whole)));
                assertThat(logits(streamed)).containsExactly(logits(whole));
                assertThat(small.memory().live(Category.PARAMETERS)).isZero();
                // The largest units are a block and the tied table of 300 x 64, beside the last norm.
                long block = dtype.bytes() * (3L * 172 * 64 + 64 * 64 * 2 + 2 * 16 * 64);
                assertThat(small.memory().peak(Category.PARAMETERS)).isBetween(block, block + 1024);
            }
        }
    }

    @Test
    void shouldRefuseWeightsOfAnotherModelAtOnce() {
        try (Compute compute = new Compute(1, "auto", "streamed")) {
            Tensor table = compute.memory().zeros(Category.PARAMETERS, DType.F32, Shape.of(3, 4));
            Weights other = Weights.of(Map.of("embedding.weight", table));
            assertThatThrownBy(() -> new Decoder(
                            parity.model(), parity.vocabulary(), compute, DType.F32, StreamedStore.layout(other)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageStartingWith("the weights are of another model: missing [layers.0.ffn.down.weight");
        }
    }

    private static Weights weights(Decoder model) {
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        model.parameters().forEach(parameter -> tensors.put(parameter.name(), parameter.master()));
        return Weights.of(tensors);
    }

    private float[] logits(Decoder model) {
        try (Tape tape = model.evaluationTape();
                Batch batch = Microbatches.of(parity.samples(0), 1)
                        .batch(0, model.compute().memory())) {
            Tensor logits = model.logits(tape, batch);
            float[] values = logits.toFloats();
            logits.release();
            return values;
        }
    }
}
