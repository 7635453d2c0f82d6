package dev.braid.trainer.huggingface;

import java.util.List;

/** A model that a Hugging Face type cannot express. */
final class InexpressibleException extends IllegalArgumentException {
    private static final long serialVersionUID = 1;

    /** More than the reasons of any type. */
    private static final int FAR = 1000;

    private final transient List<String> reasons;

    private final boolean otherParts;

    /**
     * A model that a type does not express.
     *
     * @param reasons why, one sentence each
     * @param otherParts whether its layers are made of other parts than those of the type
     */
    InexpressibleException(List<String> reasons, boolean otherParts) {
        super(String.join("; ", reasons));
        this.reasons = List.copyOf(reasons);
        this.otherParts = otherParts;
    }

    /** How far the type is from the model, for comparison. */
    int distance() {
        return reasons.size() + (otherParts ? FAR : 0);
    }

    /** Why, one sentence each. */
    List<String> reasons() {
        return reasons;
    }
}
