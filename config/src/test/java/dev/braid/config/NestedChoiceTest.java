package dev.braid.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** A choice of which one kind holds others of the same choice. */
final class NestedChoiceTest {
    sealed interface Figure permits Dot, Group {}

    @Choice("dot")
    record Dot(@Key("Size of the dot.") int size) implements Figure {}

    @Choice("group")
    record Group(@Key("Figures side by side.") Map<String, Figure> parts) implements Figure {}

    record Drawing(@Key("What is drawn.") Figure figure) {}

    private static final String YAML =
            "figure: {type: group, parts: {a: {type: dot, size: 1}, b: {type: group, parts: {c: {type: dot, size: 2}}}}}";

    private static Drawing parse(String yaml, List<String> overrides) {
        return ConfigReader.of(Drawing.class).parse("drawing.yaml", yaml, overrides);
    }

    @Test
    void shouldReadWhatIsNested() {
        assertThat(parse(YAML, List.of()))
                .isEqualTo(new Drawing(new Group(Map.of("a", new Dot(1), "b", new Group(Map.of("c", new Dot(2)))))));
    }

    @Test
    void shouldOverrideWhatIsNested() {
        assertThat(parse(YAML, List.of("figure.parts.b.parts.c.size=7")))
                .isEqualTo(new Drawing(new Group(Map.of("a", new Dot(1), "b", new Group(Map.of("c", new Dot(7)))))));
    }

    @Test
    void shouldNameThePlaceOfANestedFault() {
        String yaml = "figure: {type: group, parts: {a: {type: group, parts: {b: {type: dot, sise: 1}}}}}";
        assertThatThrownBy(() -> parse(yaml, List.of()))
                .hasMessageContaining("figure.parts.a.parts.b.sise")
                .hasMessageContaining("did you mean 'size'?")
                .hasMessageContaining("figure.parts.a.parts.b.size")
                .hasMessageContaining("is missing");
    }

    @Test
    void shouldWriteWhatItReads() {
        Drawing drawing = parse(YAML, List.of());
        assertThat(parse(ConfigWriter.toYaml(drawing), List.of())).isEqualTo(drawing);
    }

    @Test
    void shouldDescribeAKindOnceAndNotAgainBelowItself() {
        assertThat(Reference.keys(Drawing.class)).containsExactly("figure", "figure.size", "figure.parts");
    }

    @Test
    void shouldReferToTheChoiceInTheJsonSchema() {
        assertThat(JsonSchema.of(Drawing.class, "Drawing"))
                .contains("\"$defs\"")
                .containsOnlyOnce("\"Size of the dot.\"")
                .contains("\"#/$defs/Figure\"");
    }
}
