package dev.braid.data.store;

import java.util.Locale;

/** What a document is used for. */
public enum Split {
    /** The model learns from it. */
    TRAIN,
    /** It is only measured. */
    VALIDATION;

    /** The word in shard names. */
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }
}
