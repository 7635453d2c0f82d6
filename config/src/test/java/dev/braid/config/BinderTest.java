package dev.braid.config;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** One case for each message about a value that is well-formed YAML but not what the key takes. */
final class BinderTest {
    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            guests: 1.5    | 1:20: guests: expected a whole number, got 1.5
            guests: 1e9    | 1:20: guests: expected a whole number, got 1e9; write 1000000000
            guests: 3.0    | 1:20: guests: expected a whole number, got 3.0; write 3
            guests: 1e999999999 | 1:20: guests: expected a whole number, got 1e999999999
            guests: "5"    | 1:20: guests: expected a whole number, got the text "5"; remove the quotes
            guests: 5k     | 1:20: guests: expected a whole number, got the text '5k'
            guests: 1.000.000 | 1:20: guests: expected a whole number, got the text '1.000.000'
            guests: 010    | 1:20: guests: '010' has a leading zero, which some YAML readers take for octal; write 10
            guests: 1_000  | 1:20: guests: '1_000' has an underscore, which makes it a number to some YAML readers and text to others; write 1000
            guests: 12:30:00 | 1:20: guests: '12:30:00' is a number in base 60 to some YAML readers and text to others; write a plain number
            guests: 0b101  | 1:20: guests: '0b101' is a binary number to some YAML readers and text to others; write 5
            guests: 2147483648 | 1:20: guests: 2147483648 is out of range; allowed are whole numbers from -2147483648 to 2147483647
            guests: -3000000000 | 1:20: guests: -3000000000 is out of range; allowed are whole numbers from -2147483648 to 2147483647
            salt: 9223372036854775808 | 1:18: salt: 9223372036854775808 is out of range; allowed are whole numbers from -9223372036854775808 to 9223372036854775807
            guests: yes    | 1:20: guests: expected a whole number, got the text 'yes'
            guests: true   | 1:20: guests: expected a whole number, got true
            guests: none   | 1:20: guests: expected a whole number, got the text 'none'
            guests: [1]    | 1:20: guests: expected a whole number, got a list
            guests: {a: 1} | 1:20: guests: expected a whole number, got a map of keys
            guests: ~      | 1:20: guests: has no value, expected a whole number
            guests:        | 1:19: guests: has no value, expected a whole number
            heat: fast     | 1:18: heat: expected a number, got the text 'fast'
            heat: "0.1"    | 1:18: heat: expected a number, got the text "0.1"; remove the quotes
            heat: .inf     | 1:18: heat: expected a finite number, got .inf
            heat: .nan     | 1:18: heat: expected a finite number, got .nan
            heat: 1e400    | 1:18: heat: 1e400 is beyond the largest number, about 1.8e308
            heat: 1_000.5  | 1:18: heat: '1_000.5' has an underscore, which makes it a number to some YAML readers and text to others; write 1000.5
            heat: 007      | 1:18: heat: '007' has a leading zero, which some YAML readers take for octal; write 7
            open: yes      | 1:18: open: expected true or false, got the text 'yes'; write true
            open: Off      | 1:18: open: expected true or false, got the text 'Off'; write false
            open: 1        | 1:18: open: expected true or false, got 1
            open: "true"   | 1:18: open: expected true or false, got the text "true"; remove the quotes
            open: maybe    | 1:18: open: expected true or false, got the text 'maybe'
            open: []       | 1:18: open: expected true or false, got a list
            size: huge     | 1:18: size: the text 'huge' is not allowed; allowed are small, medium, very_large
            size: mediun   | 1:18: size: the text 'mediun' is not allowed; allowed are small, medium, very_large; did you mean 'medium'?
            size: [a]      | 1:18: size: expected one of small, medium, very_large, got a list
            drink: teh     | 1:19: drink: the text 'teh' is not allowed; allowed are tea, coffee; did you mean 'tea'?
            drink: cocoa   | 1:19: drink: 'cocoa' is not carried out by this version; allowed are tea, coffee
            drink: {}      | 1:19: drink: expected one of tea, coffee, got a map of keys
            wish: [a]      | 1:18: wish: expected text, got a list
            wish: null     | 1:18: wish: has no value, expected text; write none, or remove the key
            tip: much      | 1:17: tip: expected a number, got the text 'much'
            shares: 0.9    | 1:20: shares: expected a list, got 0.9; write [0.9]
            shares: [x]    | 1:21: shares.0: expected a number, got the text 'x'
            shares: {a: 1} | 1:20: shares: expected a list, got a map of keys
            shelves: oak   | 1:21: shelves: expected a list, got the text 'oak'
            shelves: [oak] | 1:22: shelves.0: expected a map with the keys boards, wood, got the text 'oak'
            courses: [soup] | 1:21: courses: expected a map from names to values, got a list
            courses: {a.b: soup} | 1:22: courses: the name 'a.b' has other characters than letters, digits, _ and -
            courses: {a: tart} | 1:25: courses.a: the text 'tart' is not allowed; allowed are soup, cake
            courses: {a: soop} | 1:25: courses.a: the text 'soop' is not allowed; allowed are soup, cake; did you mean 'soup'?
            courses: {a: cake} | 1:25: courses.a: 'cake' needs candles; write {type: cake, candles: ...}
            courses: {a: [cake]} | 1:25: courses.a: expected a map with type: soup or type: cake, got a list
            courses: {a: {spoons: 1}} | 1:25: courses.a.type: is missing; allowed are soup, cake
            courses: {a: {type: [x]}} | 1:32: courses.a.type: expected one of soup, cake, got a list
            courses: {a: {type: cak}} | 1:32: courses.a.type: the text 'cak' is not allowed; allowed are soup, cake; did you mean 'cake'?
            courses: {a: {type: cake}} | 1:25: courses.a.candles: is missing; expected a whole number (Candles)
            courses: {a: {type: soup, candles: 3}} | 1:38: courses.a.candles: unknown key; allowed under courses.a are type, spoons; 'candles' is a key of type: cake, and this is of type: soup
            oven: hot      | 1:18: oven: expected a map with the keys degrees, light, got the text 'hot'
            oven: {light: {}} | 1:26: oven.light.watts: is missing; expected a whole number (Watts)
            degrees: 3     | 1:12: degrees: unknown key; allowed are name, guests, salt, heat, open, size, drink, wish, tip, shares, shelves, courses, oven, final; did you mean 'oven.degrees'?
            name: b        | 1:12: name: the key is written twice, first written at line 1; keep one of them
            """)
    void shouldSayWhereWhatAndHowToMendItWhenAValueIsWrong(String entry, String fault) {
        assertThat(Kitchen.faults("{ name: a, " + entry + "\n}")).containsExactly("k.yaml:" + fault);
    }

    @Test
    void shouldNameTheMissingKeyWhenARequiredOneIsAbsent() {
        assertThat(Kitchen.faults("guests: 1"))
                .containsExactly("k.yaml:1:1: name: is missing; expected text (How it is called)");
    }

    @Test
    void shouldRefuseARootThatIsNoMap() {
        assertThat(Kitchen.faults("- a"))
                .containsExactly("k.yaml:1:1: expected a map with the keys name, guests, salt, heat, open, size, drink,"
                        + " wish, tip, shares, shelves, courses, oven, final, got a list");
    }

    @Test
    void shouldAcceptNumbersInEveryUnambiguousForm() {
        assertThat(Kitchen.read("{name: a, shares: [1, -1, +1, .5, 5., 1e3, 1E-3, 0o17, 0xff, 0, -0.0]}")
                        .shares())
                .containsExactly(1.0, -1.0, 1.0, 0.5, 5.0, 1000.0, 0.001, 15.0, 255.0, 0.0, -0.0);
    }
}
