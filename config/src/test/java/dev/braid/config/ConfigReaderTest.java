package dev.braid.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ConfigReaderTest {
    @TempDir
    private Path folder;

    @Test
    void shouldFillInDefaultsWhenOnlyRequiredKeysAreWritten() {
        assertThat(Kitchen.read("name: a"))
                .isEqualTo(new Kitchen(
                        "a",
                        4,
                        1,
                        0.5,
                        true,
                        Kitchen.Size.MEDIUM,
                        "tea",
                        Optional.empty(),
                        Optional.of(1.5),
                        List.of(0.9, 0.95),
                        List.of(),
                        Map.of(),
                        new Kitchen.Oven(180, Optional.of(new Kitchen.Light(15))),
                        "bye"));
    }

    @Test
    void shouldReadEveryKindOfKey() {
        Kitchen kitchen = Kitchen.read("""
                name: 010
                guests: 0x10
                salt: 9223372036854775807
                heat: 3.0e-3
                open: false
                size: very_large
                drink: coffee
                wish: "none"
                tip: none
                shares: [1, .5, 1e9]
                shelves: [{boards: 2}, {boards: 3, wood: ash}]
                courses:
                  late: {type: cake, candles: 3}
                  early: soup
                oven: {light: none}
                final: 12:30:00
                """);
        assertThat(kitchen)
                .isEqualTo(new Kitchen(
                        "010",
                        16,
                        Long.MAX_VALUE,
                        0.003,
                        false,
                        Kitchen.Size.VERY_LARGE,
                        "coffee",
                        Optional.of("none"),
                        Optional.empty(),
                        List.of(1.0, 0.5, 1e9),
                        List.of(new Kitchen.Shelf(2, "oak"), new Kitchen.Shelf(3, "ash")),
                        Map.of("late", new Kitchen.Cake(3, 0.1), "early", new Kitchen.Soup(1)),
                        new Kitchen.Oven(180, Optional.empty()),
                        "12:30:00"));
        assertThat(kitchen.courses().keySet()).containsExactly("late", "early");
    }

    @Test
    void shouldReportEveryFaultAtOnceInTheOrderOfTheFile() {
        assertThatThrownBy(() -> Kitchen.read("""
                        guests: many
                        heat: warm
                        opne: true
                        shelves:
                          - {bords: 1}
                        oven: {degrees: 0}
                        """, "salt=x"))
                .isInstanceOf(ConfigException.class)
                .hasMessage("""
                        k.yaml has 8 faults:
                          k.yaml:1:1: name: is missing; expected text (How it is called)
                          k.yaml:1:9: guests: expected a whole number, got the text 'many'
                          k.yaml:2:7: heat: expected a number, got the text 'warm'
                          k.yaml:3:1: opne: unknown key; allowed are name, guests, salt, heat, open, size, drink, wish, tip, \
                        shares, shelves, courses, oven, final; did you mean 'open'?
                          k.yaml:5:5: shelves.0.boards: is missing; expected a whole number (Boards)
                          k.yaml:5:6: shelves.0.bords: unknown key; allowed under shelves.0 are boards, wood; \
                        did you mean 'boards'?
                          k.yaml:6:17: oven.degrees: is 0, must be at least 1; 180 is usual
                          -s salt: expected a whole number, got the text 'x'""");
    }

    @Test
    void shouldKeepTheFaultsOfRulesWhenARuleTripsOverThem() {
        assertThat(Kitchen.faults("{name: a, guests: 0, oven: {degrees: -1}}"))
                .containsExactly("k.yaml:1:38: oven.degrees: is -1, must be at least 1; 180 is usual");
    }

    @Test
    void shouldPointAtTheValueWhenARuleOfAnOuterRecordIsBroken() {
        assertThat(Kitchen.faults("""
                        name: a
                        oven:
                          degrees: 5000
                        shelves: [{boards: 1}, {boards: 0}]
                        """))
                .containsExactly(
                        "k.yaml:3:12: oven.degrees: is too hot for 4 guests; invite more",
                        "k.yaml:4:33: shelves.1.boards: is 0, must be at least 1");
    }

    @Test
    void shouldReportWhatAConstructorRefuses() {
        assertThat(Kitchen.faults("{name: a, oven: {light: {watts: 400}}}"))
                .containsExactly("k.yaml:1:25: oven.light: a light of 400 watts would melt");
    }

    @Test
    void shouldSupplyDerivedValuesOnlyWhenTheyAreNotWritten() {
        ConfigReader<Kitchen> reader = ConfigReader.of(Kitchen.class)
                .withDerived((source, written) -> Map.of(
                        "name", source, "final", written.apply("oven.degrees").orElse("cold") + " end"));
        Kitchen derived = reader.parse("folder/k.yaml", "oven: {degrees: 200}", List.of());
        Kitchen written = reader.parse("folder/k.yaml", "{name: mine, final: z}", List.of());
        assertThat(derived.name()).isEqualTo("k.yaml");
        assertThat(derived.last()).isEqualTo("200 end");
        assertThat(written.name()).isEqualTo("mine");
        assertThat(written.last()).isEqualTo("z");
    }

    @Test
    void shouldReadAFileWithAByteOrderMark() throws IOException {
        Path file = Files.writeString(folder.resolve("a.yaml"), "\uFEFFname: Zoë\n");
        assertThat(ConfigReader.of(Kitchen.class).read(file, List.of()).name()).isEqualTo("Zoë");
    }

    @Test
    void shouldNameTheNearestFileWhenThereIsNone() throws IOException {
        Files.writeString(folder.resolve("quickstart.yaml"), "");
        assertThat(refusal(folder.resolve("quikstart.yaml")))
                .endsWith("quikstart.yaml: there is no such file; did you mean '" + folder.resolve("quickstart.yaml")
                        + "'?");
    }

    @Test
    void shouldRefuseAFolder() {
        assertThat(refusal(folder)).endsWith(": is a folder, expected a YAML file");
    }

    @Test
    void shouldRefuseAFileThatIsNotUtf8() throws IOException {
        Path file = Files.write(folder.resolve("latin1.yaml"), new byte[] {'a', (byte) 0xE9, 'b'});
        assertThat(refusal(file)).endsWith("latin1.yaml: is not UTF-8 text; save it as UTF-8");
    }

    @Test
    void shouldRefuseAFileThatIsTooLarge() throws IOException {
        Path file = Files.write(folder.resolve("large.yaml"), new byte[(1 << 20) + 1]);
        assertThat(refusal(file)).endsWith("large.yaml: is larger than 1 MiB, which no config is");
    }

    private static String refusal(Path file) {
        try {
            return "no fault: " + ConfigReader.of(Kitchen.class).read(file, List.of());
        } catch (ConfigException e) {
            assertThat(e.faults()).hasSize(1);
            return e.getMessage();
        }
    }
}
