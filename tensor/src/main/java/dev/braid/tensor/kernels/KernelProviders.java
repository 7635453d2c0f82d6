package dev.braid.tensor.kernels;

import java.util.Optional;

/**
 * Chooses the kernels. The property {@code braid.kernels} names them, {@code scalar} or {@code vector}, and then they run or
 * the program fails. Without it the Vector API is used where its module is there, else the scalar kernels with one warning.
 */
public final class KernelProviders {
    private static final String PROPERTY = "braid.kernels";
    private static final String MODULE = "jdk.incubator.vector";
    private static final String FLAG = "start Java with --add-modules " + MODULE;

    /** Chosen when first asked for, so that the warning appears once in a JVM. */
    private static final class Chosen {
        static final KernelProvider PROVIDER = choose(
                Optional.ofNullable(System.getProperty(PROPERTY)),
                vectorModuleIsThere(),
                System.getLogger(KernelProviders.class.getName()));
    }

    private KernelProviders() {}

    /** The provider that this JVM uses. */
    public static KernelProvider chosen() {
        return Chosen.PROVIDER;
    }

    /** The provider of this name, or an error that says why it cannot be had. */
    public static KernelProvider byName(String name) {
        return byName(name, vectorModuleIsThere());
    }

    private static KernelProvider byName(String name, boolean vectorModule) {
        return switch (name) {
            case "scalar" -> new ScalarKernels();
            case "vector" -> {
                if (!vectorModule) {
                    throw new IllegalStateException(
                            "-D" + PROPERTY + "=vector: the module " + MODULE + " is missing; " + FLAG);
                }
                yield new VectorKernels();
            }
            default ->
                throw new IllegalArgumentException(
                        "-D" + PROPERTY + "=" + name + ": no such kernels; allowed are scalar and vector");
        };
    }

    static KernelProvider choose(Optional<String> forced, boolean vectorModule, System.Logger log) {
        if (forced.isPresent()) {
            return byName(forced.get(), vectorModule);
        }
        if (vectorModule) {
            return new VectorKernels();
        }
        log.log(
                System.Logger.Level.WARNING,
                "The module " + MODULE + " is missing: scalar kernels run, many times slower. For speed, " + FLAG);
        return new ScalarKernels();
    }

    private static boolean vectorModuleIsThere() {
        return ModuleLayer.boot().findModule(MODULE).isPresent();
    }
}
