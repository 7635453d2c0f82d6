package dev.braid.parallelism.transport.aeron;

import java.util.concurrent.Callable;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;

/**
 * Runs file work on a thread of its own, since an interrupt (Spark's way to cancel a task) would close the file under the hands of
 * the thread that it meets, and with it free the locks.
 */
final class Uninterrupted {
    private Uninterrupted() {}

    /**
     * Runs {@code work} and waits until it has ended. When the calling thread is interrupted, {@code onInterrupt} is run, the work
     * is still waited for, and the thread stays interrupted.
     */
    static <T> T call(String threadName, Callable<T> work, Runnable onInterrupt) {
        FutureTask<T> task = new FutureTask<>(work);
        Thread thread = Thread.ofPlatform().daemon().name(threadName).start(task);
        boolean interrupted = false;
        while (thread.isAlive()) {
            try {
                thread.join();
            } catch (InterruptedException later) {
                interrupted = true;
                onInterrupt.run();
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        if (task.state() == Future.State.FAILED) {
            throw unchecked(task.exceptionNow());
        }
        return task.resultNow();
    }

    private static RuntimeException unchecked(Throwable cause) {
        if (cause instanceof Error error) {
            throw error;
        }
        return cause instanceof RuntimeException failure
                ? failure
                : new IllegalStateException(cause.getMessage(), cause);
    }
}
