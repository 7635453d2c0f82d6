package dev.braid.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class ConfigWriterTest {
    @Test
    void shouldWriteEveryValueInTheOrderOfTheRecords() {
        Kitchen kitchen = Kitchen.read("""
                name: a
                heat: 1.0e-8
                tip: none
                wish: "none"
                final: "a: \\"b\\" \\u0001é"
                shelves: [{boards: 1}, {boards: 2, wood: red ash}]
                courses: {b: soup, a: {type: cake, candles: 2}}
                """);
        assertThat(ConfigWriter.toYaml(kitchen)).isEqualTo("""
                name: a
                guests: 4
                salt: 1
                heat: 1.0e-8
                open: true
                size: medium
                drink: tea
                wish: "none"
                tip: none
                shares: [0.9, 0.95]
                shelves:
                  - boards: 1
                    wood: oak
                  - boards: 2
                    wood: "red ash"
                courses:
                  b:
                    type: soup
                    spoons: 1
                  a:
                    type: cake
                    candles: 2
                    sugar: 0.1
                oven:
                  degrees: 180
                  light:
                    watts: 15
                final: "a: \\"b\\" \\u0001é"
                """);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{name: a}",
                "{name: '', shelves: [], courses: {}, oven: {light: none}}",
                "{name: '010', wish: yes, final: 12:30:00, tip: 1e-300}",
                "{name: '~', wish: ' a', final: '#x', shares: []}",
                "{name: \"a\\tb\\nc\", wish: 😀, final: '- x', shares: [1e9]}",
            })
    void shouldReadBackAnEqualRecord(String yaml) {
        Kitchen kitchen = Kitchen.read(yaml);
        assertThat(Kitchen.read(ConfigWriter.toYaml(kitchen))).isEqualTo(kitchen);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"yes", "010", "1_000", "12:30", "null", "2001-01-01", "1e3", "", "a b", "-x", "true", "0x1f"})
    void shouldQuoteTextThatOtherReadersWouldTakeForSomethingElse(String text) {
        assertThat(ConfigWriter.text(text)).isEqualTo('"' + text + '"');
    }

    @ParameterizedTest
    @ValueSource(strings = {"byte", "runs/a", "/data/x.txt", "attn+mlp", "a-b_c", "32MB", "none"})
    void shouldLeavePlainTextUnquoted(String text) {
        assertThat(ConfigWriter.text(text)).isEqualTo(text);
    }

    @Test
    void shouldWriteNestedListsInOneLine() {
        record Table(@Key("Rows.") List<List<Integer>> rows) {}
        assertThat(ConfigWriter.toYaml(new Table(List.of(List.of(1, 2), List.of()))))
                .isEqualTo("rows: [[1, 2], []]\n");
    }

    record Fence(
            @Key(value = "Boards of each post.", empty = "auto")
            Optional<List<Integer>> posts) {}

    @Test
    void shouldWriteAndReadAnEmptyValueByItsOwnWord() {
        ConfigReader<Fence> reader = ConfigReader.of(Fence.class);
        Fence automatic = reader.parse("f.yaml", "{}", List.of());
        assertThat(ConfigWriter.toYaml(automatic)).isEqualTo("posts: auto\n");
        assertThat(reader.parse("f.yaml", "posts: auto", List.of())).isEqualTo(automatic);
        assertThat(reader.parse("f.yaml", "posts: [1, 2]", List.of()).posts()).hasValue(List.of(1, 2));
        assertThatThrownBy(() -> reader.parse("f.yaml", "posts: none", List.of()))
                .hasMessageContaining("posts: expected a list, got the text 'none'");
        assertThatThrownBy(() -> reader.parse("f.yaml", "posts:", List.of()))
                .hasMessageContaining("posts: has no value, expected a list; write auto, or remove the key");
    }
}
