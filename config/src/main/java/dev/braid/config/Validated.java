package dev.braid.config;

/** A config record with rules between its keys. Called once all its keys were bound without a fault. */
public interface Validated {
    /** Reports every rule that is broken. */
    void validate(Faults faults);
}
