package dev.braid.models;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Compares numbers by their bits. AssertJ's recursive comparison does not: to it floats that are 1e-6 apart are equal, and doubles
 * that are 1e-15 apart.
 */
final class Bits {
    private Bits() {}

    /** Fails where names or any element differ; says which differ first, in the order of {@code expected}, and by how much. */
    static void assertSame(Map<String, float[]> actual, Map<String, float[]> expected) {
        assertThat(actual.keySet()).isEqualTo(expected.keySet());
        expected.forEach((name, values) -> assertSame(name, actual.get(name), values));
    }

    /** Fails where any element differs; {@code name} says of what. */
    static void assertSame(String name, float[] actual, float[] expected) {
        if (actual.length != expected.length) {
            throw new AssertionError(name + " has " + actual.length + " elements, expected " + expected.length);
        }
        List<Integer> different = new ArrayList<>();
        for (int i = 0; i < actual.length; i++) {
            if (Float.floatToRawIntBits(actual[i]) != Float.floatToRawIntBits(expected[i])) {
                different.add(i);
            }
        }
        if (!different.isEmpty()) {
            int first = different.getFirst();
            throw new AssertionError(name + "[" + first + "] is " + text(actual[first]) + ", expected "
                    + text(expected[first]) + ", ulps between them: " + ulps(actual[first], expected[first]) + "; "
                    + different.size() + " of " + actual.length + " elements differ");
        }
    }

    private static String text(float value) {
        return String.format("%s (%08x)", value, Float.floatToRawIntBits(value));
    }

    /** How many steps from one float to the next lie between two; 0 and -0 are one place. */
    private static long ulps(float a, float b) {
        return Math.abs(place(a) - place(b));
    }

    private static long place(float value) {
        int bits = Float.floatToRawIntBits(value);
        return bits < 0 ? Integer.MIN_VALUE - (long) bits : bits;
    }
}
