package dev.braid.trainer.mesh;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.braid.models.AttentionConfig;
import dev.braid.models.Decoder;
import dev.braid.models.ModelConfig;
import dev.braid.models.RopeConfig;
import dev.braid.models.SwiGluConfig;
import dev.braid.optimizers.AdamW;
import dev.braid.optimizers.AdamWConfig;
import dev.braid.parallelism.mesh.Mesh;
import dev.braid.tensor.Category;
import dev.braid.tensor.DType;
import dev.braid.tensor.Memory;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a rank holds between steps of a Llama of 32 million parameters, against the formulas of ZeRO. */
class ShardedMemoryTest {
    private static final double PARAMETERS = 31_990_272;

    @ParameterizedTest(name = "{0} at stage {1} over {2}")
    @CsvSource({
        // bf16: values 2, gradients 4, masters and two moments 12 bytes a parameter
        "BF16, 0, 1, 18.0",
        "BF16, 0, 2, 18.0",
        "BF16, 0, 4, 18.0",
        "BF16, 0, 8, 18.0",
        "BF16, 1, 2, 12.0",
        "BF16, 2, 2, 10.0",
        "BF16, 3, 2, 9.0",
        "BF16, 1, 4, 9.0",
        "BF16, 2, 4, 6.0",
        "BF16, 3, 4, 4.5",
        "BF16, 1, 8, 7.5",
        "BF16, 2, 8, 4.0",
        "BF16, 3, 8, 2.25",
        // f32: the values are the masters
        "F32, 0, 1, 16.0",
        "F32, 0, 2, 16.0",
        "F32, 1, 4, 10.0",
        "F32, 2, 4, 7.0",
        "F32, 3, 4, 4.0",
        "F32, 3, 8, 2.0",
    })
    void shouldHoldWhatTheFormulaSays(DType dtype, int stage, int ranks, double bytesAParameter) throws Exception {
        Mesh mesh = Mesh.of(1, ranks, 1);
        LayoutRun run = LayoutRun.of(mesh, stage);
        List<Long> held = MeshWorld.run(mesh, rank -> {
            Decoder model = new Decoder(
                    llama32m(), 8192, rank.compute(), dtype, run.ranks(rank).layout());
            assertThat((double) model.parameterCount()).isEqualTo(PARAMETERS);
            new AdamW(
                    new AdamWConfig(1e-3, List.of(0.9, 0.95), 1e-8, 0.1, Optional.of(1.0)),
                    model.parameters(),
                    rank.compute());
            Memory memory = rank.compute().memory();
            return memory.live(Category.PARAMETERS) + memory.live(Category.GRADIENTS) + memory.live(Category.OPTIMIZER);
        });
        for (long bytes : held) {
            assertThat((double) bytes)
                    .isCloseTo(bytesAParameter * PARAMETERS, within(0.02 * bytesAParameter * PARAMETERS));
        }
    }

    private static ModelConfig llama32m() {
        AttentionConfig attention = new AttentionConfig(
                8, Optional.of(4), Optional.empty(), Optional.of(new RopeConfig(10000)), false, false);
        return new ModelConfig(
                512,
                8,
                512,
                false,
                Map.of("attn", attention),
                Map.of("mlp", new SwiGluConfig(1408)),
                List.of("attn+mlp"),
                Optional.empty(),
                1e-5,
                0.02);
    }
}
