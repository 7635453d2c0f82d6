package dev.braid.models;

/** Where the norms of a layer stand, for each of its two parts f: its mixer and its feed-forward. */
public enum NormPlace {
    /** {@code x + f(norm(x))}. */
    PRE,
    /** {@code x + norm(f(x))}, as in OLMo 2 and 3. */
    POST,
    /** {@code x + norm(f(norm(x)))}, as in Gemma 2 and 3. */
    SANDWICH;

    boolean before() {
        return this != POST;
    }

    boolean after() {
        return this != PRE;
    }
}
