package dev.braid.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** A garden can be written out, or start from one that is known by name. */
final class PresetsTest {
    record Garden(
            @Key(
                    value = "A known garden.",
                    allowed = {"park", "yard"},
                    preset = true)
            Optional<String> preset,

            @Key("Its length.") int length,
            @Key("Beds by name.") Map<String, Plant> beds,
            @Key(value = "Paths.", byDefault = "[]") List<Integer> paths) {}

    sealed interface Plant {}

    @Choice("rose")
    record Rose(
            @Key("How many.") int count,
            @Key(value = "Colour.", byDefault = "red") String colour) implements Plant {}

    @Choice("tree")
    record Tree(@Key("Its height.") int height) implements Plant {}

    record Town(@Key("Its garden.") Garden garden) {}

    private static final String PARK = """
            length: 100
            beds:
              north: {type: rose, count: 7, colour: white}
              south: {type: tree, height: 9}
            paths: [1, 2]
            """;

    private static Garden read(String text, String... overrides) {
        return ConfigReader.of(Town.class)
                .withPresets((key, name) -> {
                    assertThat(key).isEqualTo("garden");
                    return name.equals("park") ? PARK : "length: 3";
                })
                .parse("town.yaml", text, List.of(overrides))
                .garden();
    }

    @Test
    void shouldTakeEveryKeyFromThePreset() {
        assertThat(read("garden: {preset: park}"))
                .isEqualTo(new Garden(
                        Optional.of("park"),
                        100,
                        Map.of("north", new Rose(7, "white"), "south", new Tree(9)),
                        List.of(1, 2)));
    }

    @Test
    void shouldLetWhatIsWrittenReplaceThePreset() {
        Garden garden = read("garden: {preset: park, length: 50, paths: [3], beds: {north: {colour: pink}}}");
        assertThat(garden.length()).isEqualTo(50);
        assertThat(garden.paths()).containsExactly(3);
        assertThat(garden.beds()).isEqualTo(Map.of("north", new Rose(7, "pink"), "south", new Tree(9)));
    }

    @Test
    void shouldLetOptionsReplaceBoth() {
        assertThat(read("garden: {length: 50}", "garden.preset=park", "garden.beds.south.height=1"))
                .isEqualTo(new Garden(
                        Optional.of("park"),
                        50,
                        Map.of("north", new Rose(7, "white"), "south", new Tree(1)),
                        List.of(1, 2)));
    }

    @Test
    void shouldReplaceAMapOfAnotherType() {
        Garden garden = read("garden: {preset: park, beds: {north: {type: tree, height: 2}}}");
        assertThat(garden.beds().get("north")).isEqualTo(new Tree(2));
    }

    @Test
    void shouldAddToMapsThatUsersName() {
        Garden garden = read("garden: {preset: park, beds: {west: {type: tree, height: 4}}}");
        assertThat(garden.beds().keySet()).containsExactly("north", "south", "west");
    }

    @Test
    void shouldNeedEveryKeyWithoutAPreset() {
        assertThatThrownBy(() -> read("garden: {preset: none, length: 1}"))
                .hasMessageContaining("town.yaml:1:9: garden.beds: is missing");
    }

    @Test
    void shouldNameTheNearestPresetAndNoMissingKeys() {
        assertThatThrownBy(() -> read("garden: {preset: parc}"))
                .isInstanceOfSatisfying(
                        ConfigException.class,
                        refused -> assertThat(refused.faults())
                                .hasToString(
                                        "[town.yaml:1:18: garden.preset: the text 'parc' is not allowed; allowed are park, yard;"
                                                + " did you mean 'park'?]"));
    }

    @Test
    void shouldNameTheKeysThatAPresetLeavesOpen() {
        assertThatThrownBy(() -> read("garden: {preset: yard}")).hasMessageContaining("garden.beds: is missing");
    }

    @Test
    void shouldReadBackWhatItWrites() {
        Garden garden = read("garden: {preset: park, length: 50}");
        assertThat(read(ConfigWriter.toYaml(new Town(garden)))).isEqualTo(garden);
    }

    @Test
    void shouldRequireInTheJsonSchemaAPresetOrTheKeys() {
        assertThat(JsonSchema.of(Garden.class, "Garden").replaceAll("\\s+", ""))
                .contains("\"anyOf\":[{\"required\":[\"preset\"]},{\"required\":[\"length\",\"beds\"]}]");
    }
}
