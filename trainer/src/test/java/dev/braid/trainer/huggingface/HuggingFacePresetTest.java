package dev.braid.trainer.huggingface;

import static org.assertj.core.api.Assertions.assertThat;

import dev.braid.checkpoint.huggingface.HuggingFaceModel;
import dev.braid.config.ConfigReader;
import dev.braid.models.ModelConfig;
import dev.braid.models.ModelPresets;
import java.util.List;
import java.util.OptionalInt;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A preset of a published model is written as the type that it was published as. */
class HuggingFacePresetTest {
    @ParameterizedTest
    @CsvSource({
        "llama-3-8b, llama, 291",
        "gemma-3-1b, gemma3_text, 340",
        "mamba2-2.7b, mamba2, 578",
        "bamba-9b, bamba, 407",
        "falcon-h1-0.5b, falcon_h1, 579",
        "olmo-hybrid-7b, olmo_hybrid, 475",
        "gated-deltanet-1.3b, gated_deltanet, 381",
        "rwkv7-1.5b, rwkv7, 795",
        "mixtral-8x7b, mixtral, 995",
        "qwen3-30b-a3b, qwen3_moe, 18867",
        "granite-4.0-h-tiny, granitemoehybrid, 586",
        "qwen3-next-80b-a3b, qwen3_next, 74391"
    })
    void shouldBeWrittenAsTheTypeOfThePublishedModel(String preset, String type, int tensors) {
        ModelConfig model = ConfigReader.of(ModelConfig.class).parse(preset, ModelPresets.yaml(preset), List.of());
        HuggingFaceModel written =
                HuggingFaceTypes.describe(model, model.vocab().orElse(32000), OptionalInt.empty());
        assertThat(written.type()).isEqualTo(type);
        assertThat(written.tensors().places().size()).isEqualTo(tensors);
    }
}
