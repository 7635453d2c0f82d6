package dev.braid.tensor.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.ResourceBundle;
import org.junit.jupiter.api.Test;

final class KernelProvidersTest {
    /** Keeps what is logged. */
    private static final class Kept implements System.Logger {
        final List<String> lines = new ArrayList<>();

        @Override
        public String getName() {
            return "kept";
        }

        @Override
        public boolean isLoggable(Level level) {
            return true;
        }

        @Override
        public void log(Level level, ResourceBundle bundle, String message, Throwable thrown) {
            lines.add(level + " " + message);
        }

        @Override
        public void log(Level level, ResourceBundle bundle, String format, Object... parameters) {
            lines.add(level + " " + format);
        }
    }

    private final Kept log = new Kept();

    @Test
    void shouldRunTheVectorKernelsInThisBuild() {
        assertThat(KernelProviders.chosen().name()).isEqualTo(System.getProperty("braid.kernels", "vector"));
        assertThat(KernelProviders.chosen()).isSameAs(KernelProviders.chosen());
    }

    @Test
    void shouldPreferTheVectorKernels() {
        assertThat(KernelProviders.choose(Optional.empty(), true, log).name()).isEqualTo("vector");
        assertThat(log.lines).isEmpty();
    }

    @Test
    void shouldFallBackToScalarWithAWarningThatNamesTheFlag() {
        assertThat(KernelProviders.choose(Optional.empty(), false, log).name()).isEqualTo("scalar");
        assertThat(log.lines)
                .containsExactly(
                        "WARNING The module jdk.incubator.vector is missing: scalar kernels run, many times slower."
                                + " For speed, start Java with --add-modules jdk.incubator.vector");
    }

    @Test
    void shouldTakeTheKernelsThatAreNamed() {
        assertThat(KernelProviders.choose(Optional.of("scalar"), true, log).name())
                .isEqualTo("scalar");
        assertThat(KernelProviders.byName("vector").name()).isEqualTo("vector");
    }

    @Test
    void shouldFailRatherThanFallBackWhenNamedKernelsCannotBeHad() {
        assertThatThrownBy(() -> KernelProviders.choose(Optional.of("vector"), false, log))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("-Dbraid.kernels=vector: the module jdk.incubator.vector is missing;"
                        + " start Java with --add-modules jdk.incubator.vector");
    }

    @Test
    void shouldRefuseUnknownKernels() {
        assertThatThrownBy(() -> KernelProviders.byName("fast"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("-Dbraid.kernels=fast: no such kernels; allowed are scalar and vector");
    }
}
