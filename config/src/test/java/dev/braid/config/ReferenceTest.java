package dev.braid.config;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

final class ReferenceTest {
    @Test
    void shouldListEveryDottedKey() {
        assertThat(Reference.keys(Kitchen.class))
                .contains("name", "shelves.<n>.boards", "courses.<name>.candles", "oven.light.watts", "final")
                .hasSize(22);
    }

    @Test
    void shouldWriteATableForEachSection() {
        assertThat(Reference.markdown(Kitchen.class))
                .contains("""
                        ## `courses.<name>`, `type: cake`

                        Courses by name.

                        | key | value | default | meaning |
                        |---|---|---|---|
                        | `candles` | whole number | required | Candles. |
                        | `sugar` | number | `0.1` | Sugar. |
                        """)
                .contains("| `wish` | text, or none | `none` | A wish. |\n");
    }

    @Test
    void shouldDescribeTheKeysBelowAPrefix() {
        assertThat(Reference.text(Kitchen.class, "oven.light")).contains("""
                oven
                  oven.light  section, or none; {watts: 15}
                      Light in it.

                oven.light
                  oven.light.watts  whole number; required
                      Watts.
                """);
    }

    @Test
    void shouldBeEmptyWhenNoKeyHasThePrefix() {
        assertThat(Reference.text(Kitchen.class, "ofen")).isEmpty();
    }

    @Test
    void shouldWriteAJsonSchema() {
        record Small(
                @Key("How \"often\".") int times,
                @Key(value = "Rate.", byDefault = "1.0e-3") double rate,
                @Key(value = "Course.", byDefault = "soup") Kitchen.Course course) {}
        assertThat(JsonSchema.of(Small.class, "Small")).isEqualTo("""
                {
                  "$schema": "https://json-schema.org/draft/2020-12/schema",
                  "title": "Small",
                  "type": "object",
                  "properties": {
                    "times": {
                      "description": "How \\"often\\".",
                      "type": "integer"
                    },
                    "rate": {
                      "description": "Rate.",
                      "type": "number",
                      "default": 0.0010
                    },
                    "course": {
                      "description": "Course.",
                      "anyOf": [{
                          "const": "soup"
                        }, {
                          "type": "object",
                          "properties": {
                            "type": {
                              "const": "soup"
                            },
                            "spoons": {
                              "description": "Spoons.",
                              "type": "integer",
                              "default": 1
                            }
                          },
                          "required": ["type"],
                          "additionalProperties": false
                        }, {
                          "type": "object",
                          "properties": {
                            "type": {
                              "const": "cake"
                            },
                            "candles": {
                              "description": "Candles.",
                              "type": "integer"
                            },
                            "sugar": {
                              "description": "Sugar.",
                              "type": "number",
                              "default": 0.1
                            }
                          },
                          "required": ["type", "candles"],
                          "additionalProperties": false
                        }],
                      "default": "soup"
                    }
                  },
                  "required": ["times"],
                  "additionalProperties": false
                }
                """);
    }
}
