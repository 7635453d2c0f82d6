package dev.braid.trainer.mesh;

import dev.braid.parallelism.Communicator;
import dev.braid.parallelism.Fabric;
import dev.braid.parallelism.Handle;
import dev.braid.tensor.Tensor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.concurrent.locks.LockSupport;

/**
 * Makes what one group exchanges all to all take as long as over a network: nobody has it before the time is over, and nothing that is
 * exchanged later overtakes it. Cores are free meanwhile, as they are while a network card works.
 *
 * @param group whose name it is
 * @param latencyNanos of an exchange
 * @param bytesPerSecond that a rank sends
 */
record SlowLinks(String group, long latencyNanos, double bytesPerSecond) {
    /** The same fabric with this group's links slow. */
    Fabric of(Fabric fabric) {
        return proxy(Fabric.class, (method, arguments) -> {
            Object result = call(fabric, method, arguments);
            boolean slow = method.getName().equals("group") && arguments[0].equals(group);
            return slow ? slow((Communicator) result) : result;
        });
    }

    private Communicator slow(Communicator communicator) {
        long[] free = {System.nanoTime()};
        return proxy(Communicator.class, (method, arguments) -> {
            Object result = call(communicator, method, arguments);
            if (!method.getName().equals("allToAll") || arguments.length != 4) {
                return result;
            }
            double bytes = ((Tensor) arguments[0]).dtype().bytes();
            long elements = 0;
            long[] counts = (long[]) arguments[1];
            for (int rank = 0; rank < counts.length; rank++) {
                elements += rank == communicator.rank() ? 0 : counts[rank];
            }
            long sent = Math.max(free[0], System.nanoTime()) + Math.round(1e9 * elements * bytes / bytesPerSecond);
            free[0] = sent;
            return late((Handle) result, sent + latencyNanos);
        });
    }

    private static Handle late(Handle handle, long until) {
        return proxy(Handle.class, (method, arguments) -> {
            boolean early = System.nanoTime() < until;
            if (method.getName().equals("done")) {
                return !early && handle.done();
            }
            if (method.getName().equals("await")) {
                for (long left = until - System.nanoTime(); left > 0; left = until - System.nanoTime()) {
                    LockSupport.parkNanos(left);
                }
            }
            return call(handle, method, arguments);
        });
    }

    /** What a call does. */
    private interface Answer {
        Object of(Method method, Object[] arguments) throws Throwable;
    }

    private static <T> T proxy(Class<T> type, Answer answer) {
        return type.cast(Proxy.newProxyInstance(
                type.getClassLoader(),
                new Class<?>[] {type},
                (self, method, arguments) -> answer.of(method, arguments == null ? new Object[0] : arguments)));
    }

    private static Object call(Object target, Method method, Object[] arguments) throws Throwable {
        try {
            return method.invoke(target, arguments);
        } catch (InvocationTargetException thrown) {
            throw thrown.getCause();
        }
    }
}
