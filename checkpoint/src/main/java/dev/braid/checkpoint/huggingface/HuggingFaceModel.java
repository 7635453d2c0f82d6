package dev.braid.checkpoint.huggingface;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.OptionalInt;

/**
 * What is written of a model beside the values of its tensors.
 *
 * @param config keys of {@code config.json}, {@code model_type} among them; the tokens' ids and the dtype are added
 * @param tensors which tensors hold which parameters
 * @param context longest sequence in tokens
 * @param eos id of the end-of-text token
 * @param bos id of the begin-of-text token
 */
public record HuggingFaceModel(ObjectNode config, TensorMap tensors, int context, OptionalInt eos, OptionalInt bos) {
    /** The value of {@code model_type}. */
    public String type() {
        return config.path("model_type").asText();
    }
}
