package dev.braid.checkpoint.huggingface;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.braid.checkpoint.InvalidFileException;
import java.util.List;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;

class ConfigFileTest {
    @Test
    void shouldRefuseEveryKeyThatNobodyAskedForUnlessItIsOff() throws InvalidFileException {
        ConfigFile file = file("""
                {"asked":1,"other":2,"off":false,"none":null,"dtype":"float32","inner":{"asked":1,"other":2}}""");
        file.count("asked");
        file.object("inner").count("asked");
        assertThatThrownBy(file::conclude)
                .isInstanceOf(InvalidFileException.class)
                .hasMessage("""
                        config.json describes a model that Braid does not have:
                          other: 2 is not a key that Braid knows; if it does not change what the model computes, remove it from the file
                          inner.other: 2 is not supported""");
    }

    @Test
    void shouldTakeWhatIsSaidToBeHarmless() throws InvalidFileException {
        ConfigFile file = file("{\"chunk_size\":256}");
        file.ignore("chunk_size");
        file.conclude();
    }

    @Test
    void shouldReadNumbersThatJsonCannotWrite() throws InvalidFileException {
        ConfigFile file = file("{\"older\":[0.0,Infinity],\"newer\":[0.5,{\"__float__\":\"Infinity\"}]}");
        assertThat(file.numbers("older", List.of())).containsExactly(0.0, Double.POSITIVE_INFINITY);
        assertThat(file.numbers("newer", List.of())).containsExactly(0.5, Double.POSITIVE_INFINITY);
        file.conclude();
    }

    @Test
    void shouldNameKeyAndKindOfWhatIsWrong() throws InvalidFileException {
        ConfigFile file = file("{\"a\":\"x\",\"b\":[\"x\"],\"c\":[1],\"d\":3,\"e\":{\"f\":0}}");
        file.count("a");
        file.numbers("b", List.of());
        file.texts("c", List.of());
        file.text("d", "");
        file.object("e").count("f");
        file.count("g");
        assertThatThrownBy(file::conclude).hasMessageEndingWith(":\n  " + """
                a: "x" must be an integer of 1 or more
                  b: ["x"] must be an array of numbers
                  c: [1] must be an array of texts
                  d: 3 must be a text
                  e.f: 0 must be an integer of 1 or more
                  g: missing""");
    }

    @Test
    void shouldSayWhichValuesAreAllowed() throws InvalidFileException {
        ConfigFile file = file("{\"a\":\"gelu\",\"b\":2,\"c\":0.5,\"d\":\"silu\",\"e\":null}");
        file.require("a", "silu");
        file.require("b");
        file.require("c", 1, 2);
        file.require("d", "silu");
        file.require("e", "silu");
        assertThatThrownBy(file::conclude).hasMessageEndingWith(":\n  " + """
                a: "gelu" is not supported; allowed is "silu"
                  b: 2 is not supported; allowed is null
                  c: 0.5 is not supported; allowed are 1, 2""");
    }

    @Test
    void shouldReportAFaultOnceHoweverOftenItsKeyIsRead() throws InvalidFileException {
        ConfigFile file = file("{\"a\":0}");
        file.count("a");
        file.count("a", 4);
        assertThatThrownBy(file::conclude).hasMessageEndingWith(":\n  a: 0 must be an integer of 1 or more");
    }

    @Test
    void shouldNotAskForTheKeysOfAnObjectThatIsNotThere() throws InvalidFileException {
        ConfigFile file = file("{\"inner\":null}");
        assertThat(file.object("inner").number("base", 5)).isEqualTo(5);
        assertThat(file.object("missing").token("id", OptionalInt.of(1))).hasValue(1);
        file.conclude();
    }

    @Test
    void shouldRefuseWhatIsNoObject() {
        assertThatThrownBy(() -> file("[]")).hasMessage("config.json is not a JSON object");
    }

    private static ConfigFile file(String text) throws InvalidFileException {
        return ConfigFile.parse("config.json", text);
    }
}
