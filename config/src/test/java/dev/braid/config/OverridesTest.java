package dev.braid.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class OverridesTest {
    private static final String YAML = """
            name: a
            shelves: [{boards: 1, wood: ash}]
            courses: {first: soup, last: {type: cake, candles: 2}}
            """;

    @Test
    void shouldReplaceAWrittenValue() {
        assertThat(Kitchen.read(YAML, "name=b").name()).isEqualTo("b");
    }

    @Test
    void shouldTakeTheLastWhenAKeyIsSetTwice() {
        assertThat(Kitchen.read(YAML, "guests=5", "guests=6").guests()).isEqualTo(6);
    }

    @Test
    void shouldReplaceOneKeyInAListItem() {
        assertThat(Kitchen.read(YAML, "shelves.0.boards=7").shelves()).containsExactly(new Kitchen.Shelf(7, "ash"));
    }

    @Test
    void shouldAppendWhenTheIndexIsTheSizeOfTheList() {
        assertThat(Kitchen.read(YAML, "shelves.1.boards=9").shelves())
                .containsExactly(new Kitchen.Shelf(1, "ash"), new Kitchen.Shelf(9, "oak"));
    }

    @Test
    void shouldReplaceAWholeSectionByYaml() {
        assertThat(Kitchen.read(YAML, "oven={degrees: 250, light: none}").oven())
                .isEqualTo(new Kitchen.Oven(250, Optional.empty()));
    }

    @Test
    void shouldCreateASectionThatWasNotWritten() {
        assertThat(Kitchen.read(YAML, "oven.degrees=99").oven().degrees()).isEqualTo(99);
    }

    @Test
    void shouldStartFromTheDefaultWhenAPartOfItIsSet() {
        assertThat(Kitchen.read(YAML, "shares.1=0.99").shares()).isEqualTo(List.of(0.9, 0.99));
        assertThat(Kitchen.read(YAML, "oven.light.watts=40").oven().light()).contains(new Kitchen.Light(40));
    }

    @Test
    void shouldSetAKeyOfAChoiceThatWasABareWord() {
        assertThat(Kitchen.read(YAML, "courses.first.spoons=4").courses()).containsEntry("first", new Kitchen.Soup(4));
    }

    @Test
    void shouldEmptyAnOptionalKeyWhenSetToNone() {
        assertThat(Kitchen.read(YAML, "tip=none").tip()).isEmpty();
    }

    @Test
    void shouldKeepEqualsSignsInTheValue() {
        assertThat(Kitchen.read(YAML, "wish=a=b").wish()).contains("a=b");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            heat=hot          | -s heat: expected a number, got the text 'hot'
            heat=             | -s heat: has no value, expected a number
            heet=1            | -s heet: unknown key; allowed are name, guests, salt, heat, open, size, drink, wish, tip, shares, shelves, courses, oven, final; did you mean 'heat'?
            oven.degree=1     | -s oven.degree: unknown key; allowed under oven are degrees, light; did you mean 'degrees'?
            ovem.degrees=1    | -s ovem.degrees: ovem: unknown key; allowed are name, guests, salt, heat, open, size, drink, wish, tip, shares, shelves, courses, oven, final; did you mean 'oven'?
            shelves.0.boards=x | -s shelves.0.boards: expected a whole number, got the text 'x'
            shelves.2.boards=1 | -s shelves.2.boards: shelves: is a list of 1, and '2' is no place in it; allowed are 0 to 1, where 1 appends
            shelves.x=1       | -s shelves.x: shelves: is a list of 1, and 'x' is no place in it; allowed are 0 to 1, where 1 appends
            name.x=1          | -s name.x: name: is a single value, a, and has no keys below it; set name itself
            oven.degrees=0    | -s oven.degrees: is 0, must be at least 1; 180 is usual
            heat              | -s heat: expected key=value, as in -s optimizer.lr=1e-3
            =1                | -s =1: expected key=value, as in -s optimizer.lr=1e-3
            a..b=1            | -s a..b=1: expected key=value, as in -s optimizer.lr=1e-3
            shares=[1         | -s shares: not valid YAML: while parsing a flow sequence, expected ',' or ']', but got <stream end>; check brackets, quotes and indentation here and on the line above
            """)
    void shouldNameTheOptionWhenAnOverrideIsWrong(String override, String fault) {
        assertThat(Kitchen.faults(YAML, override)).containsExactly(fault);
    }
}
