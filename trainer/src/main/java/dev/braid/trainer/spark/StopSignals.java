package dev.braid.trainer.spark;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Turns the first Ctrl-C (INT) or TERM into a call, instead of the end of the process, until it is closed. A second signal
 * does what it did before, so that a run that hangs can still be ended.
 *
 * <p>It is not a shutdown hook: while hooks run, Spark and Hadoop are being shut down as well, and a checkpoint can't be
 * written. The JDK's only interface to signals, {@code sun.misc.Signal}, is exported but makes the compiler warn; hence the
 * reflection.
 */
public final class StopSignals implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(StopSignals.class);

    private final Map<Object, Object> previous = new LinkedHashMap<>();
    private final AtomicBoolean asked = new AtomicBoolean();

    private StopSignals() {}

    /**
     * Listens from now on.
     *
     * @param onFirst gets the signal's name, {@code INT} or {@code TERM}, on a thread of the JVM; it must return soon
     */
    public static StopSignals listen(Consumer<String> onFirst) {
        StopSignals signals = new StopSignals();
        for (String name : new String[] {"INT", "TERM"}) {
            try {
                signals.install(name, onFirst);
            } catch (ReflectiveOperationException unavailable) {
                LOG.warn("signal {} can't be caught here: it ends the run without a checkpoint", name, unavailable);
            }
        }
        return signals;
    }

    private void install(String name, Consumer<String> onFirst) throws ReflectiveOperationException {
        Class<?> handlerType = Class.forName("sun.misc.SignalHandler");
        Object signal =
                Class.forName("sun.misc.Signal").getConstructor(String.class).newInstance(name);
        InvocationHandler calls = (proxy, method, arguments) -> switch (method.getName()) {
            case "handle" -> {
                handle(signal, name, onFirst);
                yield null;
            }
            case "equals" -> proxy == arguments[0];
            case "hashCode" -> System.identityHashCode(proxy);
            default -> "StopSignals for " + name;
        };
        Object handler =
                Proxy.newProxyInstance(StopSignals.class.getClassLoader(), new Class<?>[] {handlerType}, calls);
        previous.put(signal, handle(signal, handler));
    }

    private void handle(Object signal, String name, Consumer<String> onFirst) throws ReflectiveOperationException {
        if (asked.compareAndSet(false, true)) {
            onFirst.accept(name);
        } else {
            close();
            signal.getClass().getMethod("raise", signal.getClass()).invoke(null, signal);
        }
    }

    private static Object handle(Object signal, Object handler) throws ReflectiveOperationException {
        Method handle =
                signal.getClass().getMethod("handle", signal.getClass(), Class.forName("sun.misc.SignalHandler"));
        return handle.invoke(null, signal, handler);
    }

    /** Gives the signals back to whoever had them. */
    @Override
    public void close() {
        previous.forEach((signal, handler) -> {
            try {
                handle(signal, handler);
            } catch (ReflectiveOperationException unavailable) {
                LOG.warn("signal {} can't be given back", signal, unavailable);
            }
        });
    }
}
