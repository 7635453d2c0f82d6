package dev.braid.tensor.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("widths")
final class SpeciesTest {
    @BeforeAll
    static void assumeThatTheCpuHasTheWidth() {
        Widths.assumeSupported();
    }

    @Test
    void shouldUseTheWidthThatThePropertyNames() {
        String requested = System.getProperty("braid.vector.bits");
        assertThat(Species.FLOAT.vectorBitSize()).isEqualTo(Species.BITS);
        assertThat(Species.SHORT.length()).isEqualTo(Species.LANES);
        assertThat(Species.HALF_FLOAT.length()).isEqualTo(Species.DOUBLE.length());
        if (requested != null) {
            assertThat(Species.BITS).isEqualTo(Integer.parseInt(requested));
        }
    }

    @Test
    void shouldTakeWhatTheCpuPrefersUpTo512Bits() {
        assertThat(Species.bits(null, 256)).isEqualTo(256);
        assertThat(Species.bits(null, 2048)).isEqualTo(512);
        assertThat(Species.bits("128", 512)).isEqualTo(128);
    }

    @Test
    void shouldRefuseWidthsThatNobodyHas() {
        assertThatThrownBy(() -> Species.bits("384", 512))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("-Dbraid.vector.bits=384: allowed are 128, 256 and 512");
    }

    @Test
    void shouldRefuseWidthsThatTheCpuLacks() {
        assertThatThrownBy(() -> Species.bits("512", 256))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("-Dbraid.vector.bits=512: this CPU has vectors of at most 256 bits");
    }
}
