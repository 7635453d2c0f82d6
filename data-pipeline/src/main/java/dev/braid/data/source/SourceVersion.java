package dev.braid.data.source;

/** Versions of what this package does, for fingerprints. */
public final class SourceVersion {
    /** Changes whenever the same files would give other documents. */
    public static final int CLEANING = Cleaner.VERSION;

    private SourceVersion() {}
}
