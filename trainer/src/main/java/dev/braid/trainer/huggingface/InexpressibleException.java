package dev.braid.trainer.huggingface;

import java.util.List;

/** A model that a Hugging Face type cannot express. */
final class InexpressibleException extends IllegalArgumentException {
    private static final long serialVersionUID = 1;

    private final transient List<String> reasons;

    InexpressibleException(List<String> reasons) {
        super(String.join("; ", reasons));
        this.reasons = List.copyOf(reasons);
    }

    /** Why, one sentence each. */
    List<String> reasons() {
        return reasons;
    }
}
