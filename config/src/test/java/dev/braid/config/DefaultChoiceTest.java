package dev.braid.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;

final class DefaultChoiceTest {
    record Trip(@Key("How one gets there.") Way way) {}

    sealed interface Way permits Walk, Ride {}

    @Choice(value = "walk", byDefault = true)
    record Walk(@Key("Kilometres.") int distance) implements Way {}

    @Choice("ride")
    record Ride(
            @Key("Line.") String line,
            @Key(value = "Changes.", byDefault = "0") int changes) implements Way {}

    record Torn(@Key("Two defaults.") Both both) {}

    sealed interface Both permits Left, Right {}

    @Choice(value = "left", byDefault = true)
    record Left() implements Both {}

    @Choice(value = "right", byDefault = true)
    record Right() implements Both {}

    private static Trip read(String yaml, String... overrides) {
        return ConfigReader.of(Trip.class).parse("trip.yaml", yaml, List.of(overrides));
    }

    @Test
    void shouldTakeTheDefaultWhereNoTypeIsWritten() {
        assertThat(read("way: {distance: 3}").way()).isEqualTo(new Walk(3));
        assertThat(read("way: {type: walk, distance: 3}").way()).isEqualTo(new Walk(3));
        assertThat(read("way: {type: ride, line: 4}").way()).isEqualTo(new Ride("4", 0));
    }

    @Test
    void shouldSetAKeyOfTheDefaultByAnOption() {
        assertThat(read("way: {distance: 3}", "way.distance=5").way()).isEqualTo(new Walk(5));
    }

    @Test
    void shouldWriteTheWordOut() {
        assertThat(ConfigWriter.toYaml(read("way: {distance: 3}"))).isEqualTo("way:\n  type: walk\n  distance: 3\n");
    }

    @Test
    void shouldSayWhichTypeHasAKeyThatTheDefaultHasNot() {
        assertThatThrownBy(() -> read("way: {distance: 3, line: 4}"))
                .hasMessageContaining("way.line: unknown key; allowed under way are type, distance;"
                        + " 'line' is a key of type: ride, and this is of type: walk");
    }

    @Test
    void shouldNotAskForTheTypeInTheSchemaNorOnThePage() {
        String schema = JsonSchema.of(Trip.class, "trip").replaceAll("\\s", "");
        assertThat(schema).contains("\"required\":[\"distance\"]", "\"required\":[\"type\",\"line\"]");
        assertThat(Reference.markdown(Trip.class))
                .contains("## `way`, `type: walk`, the default\n", "## `way`, `type: ride`\n");
    }

    @Test
    void shouldRefuseTwoDefaults() {
        assertThatThrownBy(() -> ConfigReader.of(Torn.class))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("has several choices by default: [left, right]");
    }
}
