package dev.braid.tensor.matmul;

/**
 * A way to compute matrix products. An engine gets absolute addresses, which its caller has checked, and computes on the
 * calling thread alone. Several threads may call {@link #run} at once, each with a {@link Workspace} of its own.
 *
 * <p>Every engine keeps canonical arithmetic: an element of C has the same bits whichever rows and columns are computed in
 * one call with it. Only k, the transposes, the dtypes, {@code accumulate} and the engine may change them.
 */
sealed interface MatmulEngine extends AutoCloseable permits OneDnnEngine, Nd4jEngine, VectorEngine {
    /** The name by which a configuration asks for the engine. */
    String name();

    /** One line for people: name, version, instruction set. */
    String describe();

    /**
     * Makes ready what {@link #run} needs for {@code spec} and says how large a workspace must be, in bytes. Called by one
     * thread while no product runs.
     */
    long prepare(MatmulSpec spec);

    /**
     * Computes {@code spec} for matrices at absolute addresses; m, n and k are at least 1 and {@link #prepare} was called.
     * A and B must not overlap C.
     */
    void run(MatmulSpec spec, long a, long b, long c, Workspace workspace);

    /** Frees what the engine holds outside of workspaces. */
    @Override
    void close();
}
