package dev.braid.tensor.autograd;

import dev.braid.tensor.Compute;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.ops.ElementFunction;
import dev.braid.tensor.ops.Elementwise;
import dev.braid.tensor.ops.Functions;
import java.util.Optional;

/**
 * What happens to logits after the head's product: {@code y = scale * z}, or with a cap {@code y = cap * tanh(scale * z / cap)}
 * (Gemma 2, Riviere et al. 2024, arXiv 2408.00118, section 2).
 *
 * @param scale not 0
 * @param cap above 0
 */
public record LogitTransform(float scale, Optional<Float> cap) {
    /** Logits stay as they are. */
    public static final LogitTransform NONE = new LogitTransform(1, Optional.empty());

    /**
     * Turns z into y in place.
     *
     * @param logits F32
     * @param bounded is set to {@code y / cap} where there is a cap; of the same count; empty when no gradient is wanted
     */
    void forward(Compute compute, Tensor logits, Optional<Tensor> bounded) {
        float inner = cap.map(bound -> scale / bound).orElse(scale);
        if (inner != 1) {
            Elementwise.scale(compute, logits, inner);
        }
        if (cap.isPresent()) {
            Functions.apply(compute, ElementFunction.TANH, logits, logits);
            bounded.ifPresent(kept -> Elementwise.convert(compute, logits, kept));
            Elementwise.scale(compute, logits, cap.get());
        }
    }

    /**
     * Turns the gradient of y, already times {@link #scale}, into that of z in place: times {@code 1 - (y / cap)^2}.
     *
     * @param gradient F32 or BF16
     * @param bounded what {@link #forward} has set; is overwritten
     */
    void backward(Compute compute, Tensor gradient, Optional<Tensor> bounded) {
        bounded.ifPresent(kept -> {
            Functions.multiply(compute, kept, kept, kept);
            Functions.multiply(compute, kept, gradient, kept);
            Elementwise.scale(compute, kept, -1);
            Elementwise.add(compute, gradient, kept, gradient);
        });
    }
}
