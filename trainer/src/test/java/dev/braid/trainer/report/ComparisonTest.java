package dev.braid.trainer.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

final class ComparisonTest {
    private static ComparisonTable.Run run(String name, double... accuracies) {
        RunHistory history = new RunHistory();
        for (int step = 1; step <= accuracies.length; step++) {
            history.add(StepRecord.of(step, 2.5, 1, 0.1, 1000, 64L * step)
                    .withValLoss(0.25)
                    .withValAccuracy(accuracies[step - 1])
                    .withSeconds(30 * step));
        }
        return new ComparisonTable.Run(name, "attn+mlp", OptionalLong.of(12345), history);
    }

    private static ComparisonTable.Run lossOnly() {
        RunHistory history = new RunHistory();
        history.add(StepRecord.of(1, 3, 1, 0.1, 1000, 64));
        return new ComparisonTable.Run("text", "attn+mlp", OptionalLong.empty(), history);
    }

    @Test
    void shouldPrintALineARunWithItsLastFigures() {
        assertThat(ComparisonTable.markdown(List.of(run("a", 0.25, 0.9934), lossOnly())))
                .isEqualTo("""
                        | run  | layers   | parameters | steps | training loss | validation loss | accuracy |  time |
                        |------|----------|-----------:|------:|--------------:|----------------:|---------:|------:|
                        | a    | attn+mlp |     12,345 |     2 |        2.5000 |          0.2500 |    99.3% | 1m00s |
                        | text | attn+mlp |          - |     1 |        3.0000 |               - |        - |  0.0s |
                        """);
    }

    @Test
    void shouldGiveProgramsTheFiguresUnrounded() {
        assertThat(ComparisonTable.facts(List.of(run("a", 0.99345), lossOnly())))
                .isEqualTo(List.of(
                        Map.of(
                                "run",
                                "a",
                                "layers",
                                "attn+mlp",
                                "parameters",
                                12345L,
                                "steps",
                                1L,
                                "loss",
                                2.5,
                                "seconds",
                                30.0,
                                "val_loss",
                                0.25,
                                "val_accuracy",
                                0.99345),
                        Map.of("run", "text", "layers", "attn+mlp", "steps", 1L, "loss", 3.0, "seconds", 0.0)));
    }

    @Test
    void shouldDrawTheAccuracyOfEveryRunFromNothingToAll() {
        // Steps 0 to 4 lie over 784 units from 58, an accuracy of 1 at 34 and of 0 at 346.
        String svg = ComparisonChart.draw(List.of(run("a", 0, 0.5, 1, 1), run("b", 0.25)));
        assertThat(svg)
                .startsWith("<svg xmlns=\"http://www.w3.org/2000/svg\"")
                .endsWith("</svg>\n")
                .contains("<title>accuracy in validation over the steps</title>")
                .contains("stroke=\"#0072b2\" d=\"M254,346L450,190L646,34L842,34\"/>")
                .contains("stroke=\"#d55e00\" d=\"M254,268h0\"/>")
                .contains(">a</text>", ">b</text>");
    }

    @Test
    void shouldDrawTheLossWhereThereIsNoAccuracy() {
        assertThat(ComparisonChart.draw(List.of(lossOnly())))
                .contains("<title>training loss over the steps</title>")
                .doesNotContain("NaN");
    }

    @Test
    void shouldGoToTheNextLineWhereNamesAreLong() {
        String name = "a-run-with-a-name-that-takes-half-of-the-page";
        assertThat(ComparisonChart.draw(List.of(run(name, 1), run(name, 1), run(name, 1))))
                .contains("viewBox=\"0 0 860 440\"", "x=\"80\" y=\"388\"", "x=\"80\" y=\"408\"", "x=\"80\" y=\"428\"");
    }
}
