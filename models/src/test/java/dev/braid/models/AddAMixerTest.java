package dev.braid.models;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** docs/add-a-mixer.md shows the files as they are. */
class AddAMixerTest {
    private static final Path ROOT = Path.of("..");
    private static final Pattern FILE = Pattern.compile("`(models/\\S+\\.java)`:\n\n```java\n(.*?)```", Pattern.DOTALL);
    private static final int MOST_LINES = 150;

    /** Code by the file that it is said to be. */
    private static Map<String, String> code() throws IOException {
        Map<String, String> code = new LinkedHashMap<>();
        Matcher matcher = FILE.matcher(Files.readString(ROOT.resolve("docs/add-a-mixer.md")));
        while (matcher.find()) {
            code.put(matcher.group(1), matcher.group(2));
        }
        return code;
    }

    @Test
    void shouldShowTheMixerAndItsTestAsTheyAre() throws IOException {
        Map<String, String> code = code();
        assertThat(code).hasSize(2);
        for (Map.Entry<String, String> file : code.entrySet()) {
            assertThat(file.getValue())
                    .as("docs/add-a-mixer.md has an older %s; copy the file into it", file.getKey())
                    .isEqualTo(Files.readString(ROOT.resolve(file.getKey())));
        }
    }

    @Test
    void shouldSayHowManyLinesTheyHaveTogether() throws IOException {
        long lines =
                code().values().stream().mapToLong(text -> text.lines().count()).sum();
        assertThat(lines).isLessThan(MOST_LINES);
        assertThat(Files.readString(ROOT.resolve("docs/add-a-mixer.md"))).contains(lines + " lines together");
    }

    @Test
    void shouldNameClassesThatExist() throws IOException {
        String page = Files.readString(ROOT.resolve("docs/add-a-mixer.md"));
        Matcher name = Pattern.compile("`([A-Z][A-Za-z0-9]+)[`.]").matcher(page.replaceAll("(?s)```.*?```", ""));
        int found = 0;
        while (name.find()) {
            found++;
            assertThat(sources(name.group(1))).as("source of %s", name.group(1)).isPositive();
        }
        assertThat(found).isGreaterThan(10);
    }

    private static long sources(String name) throws IOException {
        long count = 0;
        for (String module : new String[] {"models", "tensor"}) {
            try (Stream<Path> files = Files.walk(ROOT.resolve(module).resolve("src"))) {
                count += files.filter(file -> file.endsWith(name + ".java")).count();
            }
        }
        return count;
    }
}
