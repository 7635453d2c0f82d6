package dev.braid.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

final class SchemaTest {
    record Silent(int size) {}

    record Odd(@Key("A set.") Set<String> names) {}

    record Named(@Key("Camel.") int kvHeads, @Key("Deep.") Inner inner) {}

    record Inner(
            @Key(value = "Bad default.", byDefault = "{") String text) {}

    @Test
    void shouldNameKeysInSnakeCase() {
        assertThat(Schema.of(Named.class).keys()).containsExactly("kv_heads", "inner");
    }

    @Test
    void shouldRefuseAComponentWithoutDocument() {
        assertThatThrownBy(() -> ConfigReader.of(Silent.class))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("dev.braid.config.SchemaTest$Silent.size lacks a @Key with a text");
    }

    @Test
    void shouldRefuseAKindThatYamlCannotGive() {
        assertThatThrownBy(() -> ConfigReader.of(Odd.class))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("a config can't hold the java.util.Set<java.lang.String> of"
                        + " dev.braid.config.SchemaTest$Odd.names");
    }

    @Test
    void shouldRefuseADefaultThatIsNotYaml() {
        assertThatThrownBy(() -> ConfigReader.of(Named.class).parse("a", "{kv_heads: 1, inner: {}}", List.of()))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageStartingWith("the default of java.lang.String text is not YAML");
    }
}
