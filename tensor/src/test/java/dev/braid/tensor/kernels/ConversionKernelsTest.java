package dev.braid.tensor.kernels;

import static org.assertj.core.api.Assertions.assertThat;

import dev.braid.tensor.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("widths")
final class ConversionKernelsTest {
    @BeforeAll
    static void assumeThatTheCpuHasTheWidth() {
        Widths.assumeSupported();
    }

    private static final int ALL_HALVES = 1 << 16;

    @Test
    void shouldWidenEveryBf16ExactlyAndRoundItBack() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment narrow = arena.allocate(ValueLayout.JAVA_SHORT, ALL_HALVES);
            MemorySegment wide = arena.allocate(ValueLayout.JAVA_FLOAT, ALL_HALVES);
            MemorySegment back = arena.allocate(ValueLayout.JAVA_SHORT, ALL_HALVES);
            for (int i = 0; i < ALL_HALVES; i++) {
                narrow.setAtIndex(ValueLayout.JAVA_SHORT, i, (short) i);
            }
            VectorConversion kernels = new VectorConversion();
            kernels.widen(narrow.address(), wide.address(), ALL_HALVES);
            kernels.narrow(wide.address(), back.address(), ALL_HALVES);
            for (int i = 0; i < ALL_HALVES; i++) {
                float value = wide.getAtIndex(ValueLayout.JAVA_FLOAT, i);
                assertThat(Float.floatToRawIntBits(value)).isEqualTo(i << 16);
                assertThat(back.getAtIndex(ValueLayout.JAVA_SHORT, i)).isEqualTo(DType.toBf16(value));
            }
        }
    }

    @Test
    void shouldRoundToNearestEvenAsTheScalarRule() {
        // Each upper half with the lower halves around a tie: above, at and below one half of the last place, and the
        // ends.
        int[] lows = {0, 1, 0x7FFF, 0x8000, 0x8001, 0xFFFF};
        int count = 4096 * lows.length;
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment wide = arena.allocate(ValueLayout.JAVA_FLOAT, count);
            MemorySegment narrow = arena.allocate(ValueLayout.JAVA_SHORT, count);
            for (int i = 0; i < count; i++) {
                int bits = (i / lows.length * 16 + 0xF) << 16 | lows[i % lows.length];
                wide.setAtIndex(ValueLayout.JAVA_INT, i, bits);
            }
            new VectorConversion().narrow(wide.address(), narrow.address(), count);
            for (int i = 0; i < count; i++) {
                float value = Float.intBitsToFloat(wide.getAtIndex(ValueLayout.JAVA_INT, i));
                assertThat(narrow.getAtIndex(ValueLayout.JAVA_SHORT, i))
                        .as("bits %x", Float.floatToRawIntBits(value))
                        .isEqualTo(DType.toBf16(value));
            }
        }
    }
}
