package dev.braid.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.LongToDoubleFunction;
import org.junit.jupiter.api.Test;

/** Eight channels in two heads of four, two layers. */
class Rwkv7FirstValuesTest {
    private static Rwkv7FirstValues layer(int layer) {
        ModelConfig model =
                new ModelConfig(8, 2, 16, false, Map.of(), Map.of(), List.of(), Optional.empty(), 1e-5, 0.02);
        return new Rwkv7FirstValues(model, layer, 4);
    }

    private static void assertValue(LongToDoubleFunction values, long channel, double expected) {
        assertThat(values.applyAsDouble(channel)).isCloseTo(expected, within(1e-12));
    }

    @Test
    void shouldLookBackLessInLaterChannelsAndLayers() {
        assertValue(layer(0).shift(0.5), 0, 1);
        // 1 - sqrt(2/8)
        assertValue(layer(0).shift(0.5), 2, 0.5);
        // The second of two layers takes the root once more.
        assertValue(layer(1).shift(0.5), 2, 1 - Math.sqrt(0.5));
        assertValue(layer(0).feedForwardShift(), 2, 0.75);
    }

    @Test
    void shouldLetTheChannelsOfAHeadForgetAtDifferentTimes() {
        // From -8 in the first channel to 3 in the last: e^(-0.61 sigmoid) is 0.9998 and 0.56.
        assertValue(layer(0).decay(), 0, -5.5 - 2.5);
        assertValue(layer(0).decay(), 7, -5.5 + 6 + 2.5);
        // The second channel of a head is a third of the way from its middle: -1/9 of the 2.5.
        assertValue(layer(0).decay(), 1, -5.5 + 6 / 7.0 - 2.5 / 9);
        // In the last layer it rises with the square.
        assertValue(layer(1).decay(), 4, -5.5 + 6 * 16 / 49.0 - 2.5);
    }

    @Test
    void shouldWeighWhatIsReadByDepth() {
        assertValue(layer(0).norm(), 3, Math.pow(0.5, 0.7));
        assertValue(layer(1).norm(), 3, 1);
    }
}
