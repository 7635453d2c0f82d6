package dev.braid.parallelism.engine;

/** Finds the line outside of this module that started an operation. */
final class CallSite {
    private static final StackWalker WALKER = StackWalker.getInstance();
    private static final String OURS = "dev.braid.parallelism.engine.";

    private CallSite() {}

    static String find() {
        return WALKER.walk(
                frames -> frames.filter(frame -> !frame.getClassName().startsWith(OURS))
                        .findFirst()
                        .map(frame -> frame.getFileName() + ":" + frame.getLineNumber())
                        .orElse("?"));
    }
}
