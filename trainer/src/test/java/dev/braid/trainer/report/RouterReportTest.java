package dev.braid.trainer.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.stream.DoubleStream;
import java.util.stream.LongStream;
import javax.imageio.ImageIO;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;

/** What routers do is written down, read again, and shown. */
class RouterReportTest {
    private static final OptionalDouble NONE = OptionalDouble.empty();

    private static RouterRecord router(int layer, Long... counts) {
        double most = List.of(counts).stream().mapToLong(Long::longValue).max().orElseThrow();
        double all = List.of(counts).stream().mapToLong(Long::longValue).sum();
        return new RouterRecord(layer, most * counts.length / all, NONE, 1.25, 1.5, 2.5, NONE, NONE, List.of(counts));
    }

    private static StepRecord step(long step, RouterRecord... routers) {
        return StepRecord.of(step, 3, 1, 0.1, 900, 512).withRouters(List.of(routers));
    }

    @Test
    void shouldWriteALayerAsOneObjectAndReadItAgain() {
        RouterRecord plain = router(0, 3L, 1L);
        RouterRecord limited = new RouterRecord(
                2,
                1.5,
                OptionalDouble.of(0.25),
                0.5,
                1.125,
                2,
                OptionalDouble.of(-0.5),
                OptionalDouble.of(0.75),
                List.of());
        String line = step(7, plain, limited).toJson();
        assertThat(line)
                .endsWith("\"routers\":["
                        + "{\"layer\":0,\"max_over_mean\":1.5,\"entropy\":1.25,\"balance_loss\":1.5,\"z_loss\":2.5,"
                        + "\"counts\":[3,1]},"
                        + "{\"layer\":2,\"max_over_mean\":1.5,\"drop_rate\":0.25,\"entropy\":0.5,\"balance_loss\":1.125,"
                        + "\"z_loss\":2.0,\"bias_low\":-0.5,\"bias_high\":0.75}]}");
        assertThat(StepRecord.fromJson(line)).isEqualTo(step(7, plain, limited));
    }

    @Test
    void shouldLeaveCountsOutOfMostStepsWhereThereAreManyExperts() {
        assertThat(RouterRecord.tellsCounts(1, 512)).isTrue();
        // 48 layers of 128 experts: every twelfth step
        assertThat(RouterRecord.tellsCounts(11, 48 * 128)).isFalse();
        assertThat(RouterRecord.tellsCounts(12, 48 * 128)).isTrue();
    }

    /** Each step is uneven, in turn; both together are even. */
    @Test
    void shouldTellTheLoadOfSingleStepsFromThatOfManyTogether() {
        RouterHistory history = new RouterHistory();
        for (int step = 1; step <= 100; step++) {
            boolean odd = step % 2 == 1;
            history.add(step, List.of(router(0, odd ? 3L : 1L, odd ? 1L : 3L), router(1, 2L, 2L)));
        }
        assertThat(history.lastWorst()).isEqualTo(1.5);
        assertThat(history.lastMean()).isEqualTo(1.25);
        assertThat(history.lastWorstTogether()).isEqualTo(1);
        assertThat(history.lastDropRate()).isNaN();
    }

    @Test
    void shouldMergeNeighboursWhenThereAreTooManySteps() {
        LoadGrid grid = new LoadGrid(2);
        LongStream.rangeClosed(1, 321).forEach(step -> grid.add(step % 2 == 1 ? List.of(4L, 0L) : List.of(0L, 4L)));
        assertThat(grid.columns()).isEqualTo(161);
        assertThat(grid.width()).isEqualTo(2);
        assertThat(grid.at(0, 0)).isEqualTo(1);
        assertThat(grid.at(0, 160)).as("of step 321 alone").isEqualTo(2);
    }

    @Test
    void shouldShadeByPowersOfTwo() {
        assertThat(DoubleStream.of(1, 2, 4, 100).mapToInt(HeatMap::shade).toArray())
                .containsExactly(32, 48, 64, 64);
        assertThat(HeatMap.shade(0.5)).isEqualTo(16);
        assertThat(HeatMap.shade(0.25)).isEqualTo(0);
        assertThat(HeatMap.shade(0)).isEqualTo(0);
    }

    @Test
    void shouldMakeAPictureThatOthersRead() throws Exception {
        byte[] file = Png.of(3, 2, new byte[] {0, 1, 2, 2, 1, 0}, new int[] {0x0000ff, 0xf7f7f7, 0xff0000});
        BufferedImage image = ImageIO.read(new ByteArrayInputStream(file));
        assertThat(image.getWidth()).isEqualTo(3);
        assertThat(image.getHeight()).isEqualTo(2);
        assertThat(image.getRGB(0, 0) & 0xffffff).isEqualTo(0x0000ff);
        assertThat(image.getRGB(2, 0) & 0xffffff).isEqualTo(0xff0000);
        assertThat(image.getRGB(1, 1) & 0xffffff).isEqualTo(0xf7f7f7);
    }

    @Test
    void shouldDrawAHeatMapOfEachLayerOnThePage() throws Exception {
        RunHistory history = new RunHistory();
        history.add(step(1, router(0, 3L, 1L), router(2, 2L, 2L)));
        history.add(step(2, router(0, 1L, 3L), router(2, 4L, 0L)));
        String page = HtmlReport.render(RunSummary.of("small", "complete", List.of()), history);
        DocumentBuilderFactory.newInstance()
                .newDocumentBuilder()
                .parse(new ByteArrayInputStream(
                        page.replace("<!DOCTYPE html>", "").getBytes(StandardCharsets.UTF_8)));
        assertThat(page)
                .contains("<h3>layer 0</h3>", "<h3>layer 2</h3>", "<title>load of the experts of layer 2</title>")
                .contains("\"worst\":[1.5,2],\"evenSteps\":[1,2],\"even\":[1.25,1.75]")
                .contains(
                        "<dt>busiest expert</dt><dd>1.50 <small>times the mean, worst layer; all layers 1.50</small></dd>")
                .doesNotContain("href=\"http", "Dropped");
    }

    @Test
    void shouldComparePerStepAndTogether() {
        RunHistory history = new RunHistory();
        history.add(step(1, router(0, 3L, 1L)));
        history.add(step(2, router(0, 1L, 3L)));
        RunHistory dense = new RunHistory();
        dense.add(StepRecord.of(1, 3, 1, 0.1, 900, 512));
        String table = ComparisonTable.markdown(List.of(
                new ComparisonTable.Run("mixture", "attn+moe", OptionalLong.of(9), history),
                new ComparisonTable.Run("dense", "attn+mlp", OptionalLong.of(9), dense)));
        assertThat(table.lines().toList().getFirst())
                .contains("| max/mean load | worst layer | worst layer, 100 steps as one |");
        assertThat(table.lines().toList().get(2))
                .endsWith("|          1.50 |        1.50 |                          1.00 |");
        assertThat(table.lines().toList().get(3))
                .endsWith("|             - |           - |                             - |");
    }

    /** A value of a summary: tag, then the histogram, whose buckets are a packed list of two doubles more than there are experts. */
    @Test
    void shouldGiveTensorBoardTheLoadAsAHistogramOverTheExperts() {
        String bytes = new String(RouterSummary.of(router(3, 5L, 1L)), StandardCharsets.ISO_8859_1);
        assertThat(bytes).contains("routers/3/max_over_mean", "routers/3/entropy", "routers/3/load");
        // bucket (7), 24 bytes: 0, 5 and 1 as doubles
        assertThat(bytes).endsWith(":\030" + "\0".repeat(8) + "\0".repeat(6) + "\024@" + "\0".repeat(6) + "\u00f0?");
    }

    @Test
    void shouldAlwaysTellTheDropRateWhereThereIsACapacity() {
        RouterRecord limited = new RouterRecord(0, 1.5, OptionalDouble.of(0), 1, 1, 1, NONE, NONE, List.of(3L, 1L));
        assertThat(RouterRecord.dropRate(List.of(limited)).getAsDouble()).isCloseTo(0, within(0.));
        assertThat(RouterRecord.dropRate(List.of(router(0, 3L, 1L)))).isEmpty();
    }
}
