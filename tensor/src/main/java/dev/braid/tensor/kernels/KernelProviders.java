package dev.braid.tensor.kernels;

/**
 * Chooses the kernels of this JVM. The property {@code braid.kernels} names them: {@code scalar} or {@code vector}.
 */
public final class KernelProviders {
    private static final String PROPERTY = "braid.kernels";

    private KernelProviders() {}

    /** The provider that this JVM uses, chosen once. */
    public static KernelProvider chosen() {
        return byName(System.getProperty(PROPERTY, "scalar"));
    }

    /** The provider of this name, or an error that says why it cannot be had. */
    public static KernelProvider byName(String name) {
        return switch (name) {
            case "scalar" -> new ScalarKernels();
            default ->
                throw new IllegalArgumentException(
                        "-D" + PROPERTY + "=" + name + ": no such kernels; allowed are scalar and vector");
        };
    }
}
