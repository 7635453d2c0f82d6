package dev.braid.trainer.submit;

import java.util.List;

/** Executor JVMs below a process that starts them: the driver of a local cluster, or a standalone worker. */
final class Executors {
    private static final String MAIN_CLASS = "CoarseGrainedExecutorBackend";

    private Executors() {}

    /** Those that live. */
    static List<ProcessHandle> of(ProcessHandle starter) {
        return starter.descendants()
                .filter(process -> process.info().commandLine().orElse("").contains(MAIN_CLASS))
                .toList();
    }

    /** Ends the first of them as {@code kill -9} does, and waits until it is gone. */
    static void killOne(ProcessHandle starter) {
        ProcessHandle executor = of(starter).getFirst();
        executor.destroyForcibly();
        executor.onExit().join();
    }
}
