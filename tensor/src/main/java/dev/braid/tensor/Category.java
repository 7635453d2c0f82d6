package dev.braid.tensor;

/** What an allocation is for. {@link Memory} counts live bytes and their peak for each. */
public enum Category {
    /** Master weights and their copies in the compute dtype. */
    PARAMETERS,
    /** Gradients of parameters. */
    GRADIENTS,
    /** State of the optimizer: first and second moments. */
    OPTIMIZER,
    /** Values and gradients that live between operations. */
    ACTIVATIONS,
    /** Buffers that collectives send from and receive into. */
    COMMUNICATION,
    /** Scratch inside one operation: packed tiles, a chunk of logits. */
    WORKSPACE
}
