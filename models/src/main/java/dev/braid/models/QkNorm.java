package dev.braid.models;

/** Over what queries and keys are normalised before the rotation (RMSNorm with learned weights). */
public enum QkNorm {
    /** Not at all. */
    NONE,
    /** Over each head alone, all heads with one weight [headSize], as in Qwen 3 and Gemma 3. */
    HEAD,
    /** Over all query heads together, and over all key heads together, as in OLMo 2 and 3. */
    WIDTH
}
