package dev.braid.config;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** One case for each message about the YAML itself. */
final class YamlParserTest {
    @Test
    void shouldPointAtATabWhenItIndents() {
        assertThat(Kitchen.faults("name: a\noven:\n\tdegrees: 3\n"))
                .containsExactly("k.yaml:3:1: a tab stands where YAML expects spaces; indent with spaces");
    }

    @Test
    void shouldPointAtTheSyntaxErrorWhenABracketIsOpen() {
        assertThat(Kitchen.faults("name: a\nshares: [0.9, 0.95\nguests: 3\n"))
                .containsExactly("k.yaml:3:7: not valid YAML: while parsing a flow sequence, expected ',' or ']',"
                        + " but got :; check brackets, quotes and indentation here and on the line above");
    }

    @Test
    void shouldExplainWhenATextHoldsAColon() {
        assertThat(Kitchen.faults("name: a: b\n"))
                .containsExactly("k.yaml:1:8: not valid YAML: mapping values are not allowed here;"
                        + " quote a text that contains ': ', and check the indentation");
    }

    @Test
    void shouldRefuseACharacterThatYamlForbids() {
        assertThat(Kitchen.faults("name: a\nwish: x\u0001y\n"))
                .containsExactly("k.yaml:2:8: the character U+0001 is not allowed in YAML; remove it");
    }

    @Test
    void shouldRefuseAnchorsAndAliasesAndGoOn() {
        assertThat(Kitchen.faults("""
                        name: &n a
                        wish: *n
                        heat: hot
                        """))
                .containsExactly(
                        "k.yaml:1:7: name: the anchor &n is not supported: a config says what it means where it is read;"
                                + " remove it and write the value wherever it is meant",
                        "k.yaml:2:7: wish: the alias *n is not supported: a config says what it means where it is read;"
                                + " write the value out here",
                        "k.yaml:3:7: heat: expected a number, got the text 'hot'");
    }

    @Test
    void shouldRefuseMergeKeys() {
        assertThat(Kitchen.faults("{name: a, oven: {<<: {degrees: 3}}}"))
                .containsExactly(
                        "k.yaml:1:18: oven: the merge key << is not supported: a config says what it means where"
                                + " it is read; write the keys out here");
    }

    @Test
    void shouldRefuseTags() {
        assertThat(Kitchen.faults("{name: !!str 5, wish: !x [a]}"))
                .containsExactly(
                        "k.yaml:1:8: name: the tag !!str is not supported: a config says what it means where it is read;"
                                + " remove it",
                        "k.yaml:1:23: wish: the tag !x is not supported: a config says what it means where it is read;"
                                + " remove it");
    }

    @Test
    void shouldRefuseASecondDocument() {
        assertThat(Kitchen.faults("---\nname: a\n---\nname: b\n"))
                .containsExactly("k.yaml:3:1: a second YAML document begins here; a config is one document;"
                        + " remove the line '---' or put it in a file of its own");
    }

    @Test
    void shouldSayWhatIsNeededWhenTheFileIsEmpty() {
        assertThat(Kitchen.faults("# only a comment\n")).containsExactly("k.yaml: the file is empty; it needs name");
    }

    @Test
    void shouldRefuseAKeyThatIsNoText() {
        assertThat(Kitchen.faults("{name: a, [x]: 1, '': 2}"))
                .containsExactly(
                        "k.yaml:1:11: expected a key, got a list", "k.yaml:1:19: expected a key, got an empty text");
    }

    @Test
    void shouldRefuseValuesThatAreNestedTooDeep() {
        assertThat(Kitchen.faults("name: " + "[".repeat(200) + "]".repeat(200)))
                .containsExactly("k.yaml: not readable as YAML: values are nested more than 100 deep");
    }

    @Test
    void shouldReportDuplicateKeysInEveryMap() {
        assertThat(Kitchen.faults("""
                        name: a
                        oven:
                          degrees: 100
                          light: none
                          degrees: 200
                        name: b
                        """))
                .containsExactly(
                        "k.yaml:5:3: oven.degrees: the key is written twice, first written at line 3; keep one of them",
                        "k.yaml:6:1: name: the key is written twice, first written at line 1; keep one of them");
    }
}
