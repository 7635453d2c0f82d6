package dev.braid.checkpoint.huggingface;

import java.util.Locale;

/** The types of transformers that Braid writes and reads. Their parameters have the same names. */
public enum ModelType {
    /** Without biases. */
    LLAMA("LlamaForCausalLM"),
    /** With biases on queries, keys and values. */
    QWEN2("Qwen2ForCausalLM"),
    /** With a norm on queries and keys. */
    QWEN3("Qwen3ForCausalLM");

    private final String architecture;

    ModelType(String architecture) {
        this.architecture = architecture;
    }

    /** The value of {@code model_type}. */
    public String key() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** The class of transformers that holds the model with its head. */
    public String architecture() {
        return architecture;
    }

    /**
     * The type that expresses {@code shape}. Throws {@link IllegalArgumentException} with the reason when none does.
     */
    public static ModelType of(LlamaShape shape) {
        if (shape.qkvBias() && shape.qkNorm()) {
            throw new IllegalArgumentException(
                    "no Hugging Face type has both biases on queries, keys and values (qwen2) and a norm on queries "
                            + "and keys (qwen3): switch one of them off");
        }
        if (shape.qkNorm()) {
            return QWEN3;
        }
        if (shape.qkvBias()) {
            if (shape.heads() * shape.headSize() != shape.dim()) {
                throw new IllegalArgumentException("the Hugging Face type qwen2, which has biases on queries, keys and "
                        + "values, fixes the head size at dim / heads; " + shape.heads() + " heads of "
                        + shape.headSize()
                        + " do not make up a dim of " + shape.dim());
            }
            return QWEN2;
        }
        if (shape.dim() % shape.heads() != 0) {
            throw new IllegalArgumentException(
                    "the Hugging Face type llama requires that the number of heads, " + shape.heads()
                            + ", divides dim, " + shape.dim() + "; a norm on queries and keys (qwen3) lifts this");
        }
        return LLAMA;
    }
}
