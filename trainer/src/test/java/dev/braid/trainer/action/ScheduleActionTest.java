package dev.braid.trainer.action;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.braid.trainer.action.Commands.Outcome;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class ScheduleActionTest {
    @TempDir
    private Path folder;

    private static JsonNode json(String line) throws IOException {
        Outcome outcome = Commands.run((Object[]) ("schedule " + line + " --json").split(" "));
        assertThat(outcome.err()).isEmpty();
        assertThat(outcome.exit()).isZero();
        return new ObjectMapper().readTree(outcome.out());
    }

    @Test
    void shouldPrintOrdersDrawingTimesAndMemory() {
        Outcome outcome = Commands.run("schedule", "zb-h2", "--ranks", "2", "--micro-batches", "4");
        assertThat(outcome.out()).isEqualTo("""
                zb-h2: 2 ranks, 2 stages, 4 micro-batches

                rank 0  F0 F1 F2 I0 W0 F3 I1 W1 I2 W2 I3 W3
                rank 1  F0 I0 F1 I1 F2 I2 W0 F3 I3 W1 W2 W3

                       0                                    13
                rank 0 F0-F1-F2-I0=W0~F3-I1=W1~I2=W2~I3=W3~
                rank 1 ...F0-I0=F1-I1=F2-I2=W0~F3-I3=W1~W2~W3~
                F- forward  I= gradient of the input  W~ gradient of the weights  B= both  . idle

                makespan     13
                span         12, the longest time from a rank's first action to its last
                bubble rate  0.0000 of the span: no rank waits for the others between two steps; by rank 0.0000 0.0000
                peak         3 3, by rank, in units of one full stage of one micro-batch
                """);
    }

    @Test
    void shouldPrintTheSameAsJson() throws IOException {
        assertThat(json("dualpipe --ranks 2 --micro-batches 4").toString())
                .isEqualTo("{\"name\":\"dualpipe\",\"ranks\":2,\"stages\":2,\"micro_batches\":4,\"actions\":["
                        + "[\"0F0\",\"1F2\",\"0F1\",\"1B2\",\"(1F3;0B0)\",\"1B3\",\"0I1\",\"0W1\"],"
                        + "[\"0F2\",\"1F0\",\"0F3\",\"1B0\",\"(1F1;0B2)\",\"1B1\",\"0I3\",\"0W3\"]],"
                        + "\"makespan\":12.0,\"span\":12.0,\"bubble_rate\":0.0,\"peak\":[3.0,3.0]}");
    }

    /**
     * The zero-bubble paper's 1.5B model on 8 ranks (arXiv 2401.10241, tables 5 and 9), and the first row of its table 8. A layer of width h and of a heads keeps
     * 34 h + 5 a s for a token, 32 h of them for W: with h = 2304, a = 24, s = 1024 that part is 0.3664.
     */
    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            1f1b --ranks 8 --micro-batches 24 --times 18522,18086,9337,601 | 0.2431
            zb-h1 --ranks 8 --micro-batches 24 --times 18522,18086,9337,601 | 0.1585
            zb-h2 --ranks 8 --micro-batches 24 --times 18522,18086,9337,601 | 0.1083
            zb-1p --ranks 8 --micro-batches 24 --times 18522,18086,9337,601 | 0.1585
            zb-2p --ranks 8 --micro-batches 24 --times 18522,18086,9337,601 --kept 0.3664 | 0.0433
            zb-v --ranks 16 --micro-batches 48 --times 28814,28760,19352,1610 | 0.0697
            interleaved --ranks 8 --micro-batches 24 --virtual-stages 3 --times 18522,18086,9337,601 | 0.1090
            """)
    void shouldGiveThePublishedBubbles(String line, String rate) throws IOException {
        assertThat(String.format(
                        Locale.ROOT, "%.4f", json(line).path("bubble_rate").asDouble()))
                .isEqualTo(rate);
    }

    @Test
    void shouldSaveAScheduleThatItReadsAgain() throws IOException {
        Path file = folder.resolve("mine.txt");
        JsonNode made = json("v-half --ranks 2 --micro-batches 6 --save " + file);
        JsonNode read = json(file.toString());
        assertThat(read).isEqualTo(made);
        assertThat(json(file + " --ranks 2 --micro-batches 6")).isEqualTo(made);
    }

    @Test
    void shouldNameTheFirstDifferenceOfEachRank() {
        Outcome outcome = Commands.run("schedule", "1f1b", "--ranks", "2", "--micro-batches", "2", "--diff", "gpipe");
        assertThat(outcome.out()).isEqualTo("""
                1f1b | gpipe
                rank 1, place 2: 1B0 | 1F1
                """);
        assertThat(Commands.run("schedule", "1f1b", "--ranks", "2", "--micro-batches", "2", "--diff", "1f1b")
                        .out())
                .isEqualTo("no difference\n");
    }

    @Test
    void shouldDrawAsSvg() throws IOException {
        Path file = folder.resolve("zb-v.svg");
        json("zb-v --ranks 2 --micro-batches 4 --svg " + file);
        assertThat(Files.readString(file))
                .startsWith("<svg xmlns=\"http://www.w3.org/2000/svg\"")
                .contains("<title>zb-v, 2 ranks, 4 micro-batches</title>", "light: on the way back");
    }

    @Test
    void shouldDrawWhatTheDocumentShows() throws IOException {
        Path docs = Path.of("../docs");
        String page = Files.readString(docs.resolve("pipeline.md"));
        String printed = Commands.run("schedule", "zb-h1", "--ranks", "4", "--micro-batches", "8")
                .out();
        String drawing = printed.substring(printed.indexOf("       0 "), printed.indexOf("F- forward"));
        assertThat(page).contains(drawing);
        Path file = folder.resolve("zb-v.svg");
        json("zb-v --ranks 4 --micro-batches 8 --svg " + file);
        assertThat(docs.resolve("zb-v.svg"))
                .as("stale: run ./braid schedule zb-v --ranks 4 --micro-batches 8 --svg docs/zb-v.svg")
                .hasSameTextualContentAs(file);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            zb-h3 --ranks 2 --micro-batches 4 | there is no schedule and no file 'zb-h3'; schedules are gpipe, 1f1b,
            zb-h3 --ranks 2 --micro-batches 4 | did you mean 'zb-h1'?
            1f1b --micro-batches 4 | --ranks is missing; only a file with a schedule says it itself
            1f1b --ranks 4 | --micro-batches is missing; only a file with a schedule says it itself
            dualpipe --ranks 3 --micro-batches 8 | dualpipe needs an even number of ranks, and not 3: 2 or 4 would do
            zb-h2 --ranks 4 --micro-batches 8 --memory-limit 5 | rank 0, action 5 (0F5): the rank holds 6 of activations then, and may hold 5
            """)
    void shouldRefuseWhatThereIsNot(String line, String problem) {
        Outcome outcome = Commands.run((Object[]) ("schedule " + line).split(" "));
        assertThat(outcome.exit()).isEqualTo(2);
        assertThat(outcome.out()).isEmpty();
        assertThat(outcome.err()).startsWith("braid schedule: ").contains(problem);
    }

    @Test
    void shouldRefuseAFileWhoseScheduleCannotBeCarriedOut() throws IOException {
        Path file = Files.writeString(folder.resolve("mine.txt"), """
                name: mine
                ranks: 2
                microbatches: 2
                placement: 0 1
                settles: yes
                rank 0: 0F0 0B0 0F1 0B1
                rank 1: 1F0 1F1 1B0 1B1
                """);
        Outcome outcome = Commands.run("schedule", file);
        assertThat(outcome.exit()).isEqualTo(2);
        assertThat(outcome.err())
                .isEqualTo(
                        "braid schedule: schedule mine can't be carried out: rank 0, action 1 (0B0): ranks wait for each"
                                + " other: rank 0 waits at 0B0 for rank 1; rank 1 waits at 1F1 for rank 0\n");
        assertThat(Commands.run("schedule", file, "--ranks", "4").err())
                .isEqualTo("braid schedule: --ranks is 4, but " + file + " is for 2; leave the option out\n");
        assertThat(Commands.run("schedule", file, "--virtual-stages", "2").err())
                .contains("--virtual-stages is for schedules by name");
    }

    @Test
    void shouldNameTheFileAndThePlaceOfWhatCannotBeRead() throws IOException {
        Path file = Files.writeString(folder.resolve("broken.txt"), "name: mine\nranks: two\n");
        Outcome outcome = Commands.run("schedule", file);
        assertThat(outcome.exit()).isEqualTo(2);
        assertThat(outcome.err())
                .startsWith(
                        "braid schedule: " + file + ":\n  line 2, column 8: ranks is a number from 1, and not 'two'\n");
    }
}
