package dev.braid.trainer.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.braid.models.AttentionConfig;
import dev.braid.models.ModelConfig;
import dev.braid.parallelism.mesh.Mesh;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * What a plan counts, against what Korthikanti et al. (2022, arXiv 2205.05198) publish: utilization of A100s of 312 TFLOP/s (table
 * 5) and activations kept (figure 7, from table 2).
 */
class PublishedFiguresTest {
    private static final double PEAK = 312e12;
    private static final int LENGTH = 2048;

    @ParameterizedTest(name = "{0} layers of {1}")
    @CsvSource({
        "48,  6144,  64,  4,   8,   1.10,  41.5, 43.7",
        "96,  12288, 96,  64,  64,  13.75, 51.4, 52.8",
        "105, 20480, 128, 280, 280, 37.83, 56.0, 57.0",
        "128, 25600, 160, 512, 512, 71.49, 56.3, 57.0",
    })
    void shouldGiveThePublishedUtilization(
            int layers, int dim, int heads, int batch, int gpus, double seconds, double model, double hardware) {
        Plan plan = Plan.of(Shapes.gpt(Shapes.gpt(layers, dim, heads), Mesh.SINGLE, batch));
        double tokens = (double) batch * LENGTH;
        // A plan counts the positions that a token sees; the paper counts those behind a mask too.
        double masked = 6.0 * layers * dim * (LENGTH - 1) * tokens;
        // Attention is computed again in backward: two more products of all positions, as the paper counts them.
        double again = 12.0 * layers * dim * LENGTH * tokens;
        double available = seconds * gpus * PEAK;
        assertThat(100 * (plan.modelFlops() + masked) / available).isCloseTo(model, within(0.2));
        assertThat(100 * (plan.modelFlops() + masked + again) / available).isCloseTo(hardware, within(0.2));
    }

    /**
     * Percent of what tensor parallelism over 8 ranks alone keeps. A plan keeps what the paper's sequence parallelism with
     * selective recomputation keeps, less the two dropout masks of a byte an element, since Braid has no dropout.
     */
    @ParameterizedTest(name = "{0} heads of {1}: {2} %")
    @CsvSource({
        "96,  12288, 61.96, 56.52, 18.48, 8.70",
        "128, 20480, 58.33, 61.90, 20.24, 9.52",
        "160, 25600, 58.33, 61.90, 20.24, 9.52",
        "64,  6144,  66.77, 49.37, 16.14, 7.59",
    })
    void shouldKeepThePublishedActivations(
            int heads, int dim, double sequence, double selective, double both, double full) {
        int ranks = 8;
        double scores = 5.0 * heads * LENGTH / dim;
        double baseline = 10 + 24.0 / ranks + scores / ranks;
        // The paper's own formulas first, in units of an element of the residual stream.
        assertThat(100 * (34.0 / ranks + scores / ranks) / baseline).isCloseTo(sequence, within(0.01));
        assertThat(100 * (10 + 24.0 / ranks) / baseline).isCloseTo(selective, within(0.01));
        assertThat(100 * 2 / baseline).isCloseTo(full, within(0.01));

        ModelConfig model = Shapes.gpt(1, dim, heads);
        double element = (double) LENGTH * dim;
        double masks = 2.0 / ranks;
        double kept = kept(model, ranks) / element + masks;
        assertThat(100 * kept / baseline).isCloseTo(both, within(0.01));
        // What is kept of a layer that is run again is its input, which sequence parallelism divides too.
        PlanInput input = Shapes.gpt(model, Mesh.of(1, 1, ranks), 1);
        assertThat(input.ownTokens() * dim * 2 / element).isEqualTo(2.0 / ranks);
    }

    /** Bytes of a layer's input and of what its backward reads, without the F32 figures of rows and heads. */
    private static double kept(ModelConfig model, int ranks) {
        MemoryLedger ledger = new MemoryLedger();
        PlanInput input = Shapes.gpt(model, Mesh.of(1, 1, ranks), 1);
        LayerTraces.replay(ledger, new LayerTraces(input).of(0).forward());
        int heads = ((AttentionConfig) model.mixers().get("attn")).heads() / ranks;
        long figures = 4 * (2 * input.ownTokens() + (long) LENGTH * heads);
        return ledger.live().of(Term.ACTIVATIONS) - figures;
    }
}
