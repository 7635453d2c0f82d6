package dev.braid.trainer.huggingface;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.braid.checkpoint.huggingface.HuggingFaceExport;
import dev.braid.checkpoint.huggingface.HuggingFaceImport;
import dev.braid.checkpoint.safetensors.Entry;
import dev.braid.checkpoint.safetensors.SafetensorsFile;
import dev.braid.checkpoint.safetensors.SafetensorsWriter;
import dev.braid.models.Batch;
import dev.braid.models.Decoder;
import dev.braid.tensor.Compute;
import dev.braid.tensor.DType;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.autograd.Tape;
import dev.braid.trainer.huggingface.HuggingFaceTypes.ModelFolder;
import dev.braid.trainer.train.StreamedStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Tiny models of every type: read, they give the logits that transformers or flash-linear-attention give; written again, their files. */
class HuggingFaceParityTest {
    private static final double LARGEST_DIFFERENCE = 2e-4;

    @TempDir
    Path folder;

    @ParameterizedTest
    @ValueSource(
            strings = {
                "gemma3_text",
                "mamba2",
                "bamba",
                "falcon_h1",
                "falcon_h1_norm",
                "olmo_hybrid",
                "olmo_hybrid_nope",
                "retnet",
                "gla",
                "gla_conv",
                "hgrn2",
                "delta_net",
                "gated_deltanet",
                "kda",
                "rwkv7",
                "mixtral",
                "qwen2_moe",
                "qwen3_moe",
                "qwen3_next",
                "granitemoehybrid",
                "granitemoehybrid_rope"
            })
    void shouldGiveTheLogitsOfTheOriginal(String name) throws IOException {
        TinyFolder tiny = TinyFolder.of(name);
        float[] logits = logits(tiny.write(folder.resolve("in")), tiny.tokens());

        int columns = tiny.logits()[0].length;
        for (int t = 0; t < tiny.tokens().length; t++) {
            for (int token = 0; token < columns; token++) {
                assertThat((double) logits[t * columns + token])
                        .as("logit of token %d at position %d", token, t)
                        .isCloseTo(tiny.logits()[t][token], within(LARGEST_DIFFERENCE));
            }
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "gemma3_text",
                "mamba2",
                "bamba",
                "falcon_h1",
                "falcon_h1_norm",
                "olmo_hybrid",
                "olmo_hybrid_nope",
                "retnet",
                "gla",
                "gla_conv",
                "hgrn2",
                "delta_net",
                "gated_deltanet",
                "kda",
                "rwkv7",
                "mixtral",
                "qwen2_moe",
                "qwen3_moe",
                "qwen3_next",
                "granitemoehybrid",
                "granitemoehybrid_rope"
            })
    void shouldWriteTheSameTensorsAgain(String name) throws IOException {
        TinyFolder tiny = TinyFolder.of(name);
        Path in = tiny.write(folder.resolve("in"));
        Path out = folder.resolve("out");
        ModelFolder read = HuggingFaceTypes.read(in);
        try (HuggingFaceImport weights = HuggingFaceImport.open(in, read.tensors())) {
            HuggingFaceExport.write(
                    HuggingFaceTypes.describe(read.model(), read.vocabulary(), OptionalInt.empty()),
                    weights.weights(),
                    DType.F32,
                    Map.of(),
                    out);
        }

        try (SafetensorsFile given = SafetensorsFile.open(in.resolve("model.safetensors"));
                SafetensorsFile written = SafetensorsFile.open(out.resolve("model.safetensors"))) {
            assertThat(written.tensors().keySet())
                    .containsExactlyInAnyOrderElementsOf(given.tensors().keySet());
            for (String tensor : given.tensors().keySet()) {
                assertThat(written.tensor(tensor).shape())
                        .as(tensor)
                        .isEqualTo(given.tensor(tensor).shape());
                assertThat(Arrays.equals(written.floats(tensor), given.floats(tensor)))
                        .as(tensor)
                        .isTrue();
            }
        }
        assertThat(HuggingFaceTypes.read(out).model()).isEqualTo(read.model());
    }

    /** transformers 5.18 renames norms when it saves, those of attention layers too, and cuts the convolution in three equal parts. */
    @Test
    void shouldReadTheNamesThatSavedOlmoHybridsHave() throws IOException {
        TinyFolder tiny = TinyFolder.of("olmo_hybrid");
        Path in = tiny.write(folder.resolve("in"));
        List<Entry> entries = new ArrayList<>();
        try (SafetensorsFile tensors = SafetensorsFile.open(in.resolve("model.safetensors"))) {
            for (String name : tensors.tensors().keySet()) {
                float[] values = tensors.floats(name);
                if (name.endsWith("conv1d.weight")) {
                    String prefix = name.substring(0, name.length() - "conv1d.weight".length());
                    // 40 channels of 4 taps.
                    entries.add(Entry.of(prefix + "q_conv1d.weight", Shape.of(14, 1, 4), Arrays.copyOf(values, 56)));
                    entries.add(Entry.of(
                            prefix + "k_conv1d.weight", Shape.of(14, 1, 4), Arrays.copyOfRange(values, 56, 112)));
                    entries.add(Entry.of(
                            prefix + "v_conv1d.weight", Shape.of(12, 1, 4), Arrays.copyOfRange(values, 112, 160)));
                } else {
                    String saved = name.replace("input_layernorm", "attention_layer_norm")
                            .replace("post_attention_layernorm", "feedforward_layer_norm");
                    entries.add(Entry.of(saved, tensors.tensor(name).shape(), values));
                }
            }
        }
        Path saved = Files.createDirectories(folder.resolve("saved"));
        SafetensorsWriter.write(saved.resolve("model.safetensors"), entries, Map.of());
        Files.writeString(saved.resolve("config.json"), tiny.config());

        assertThat(logits(saved, tiny.tokens())).isEqualTo(logits(in, tiny.tokens()));
    }

    /** transformers 5 has the weights of all experts in two tensors, and reads them from files too. */
    @Test
    void shouldReadExpertsThatLieInOneTensor() throws IOException {
        TinyFolder tiny = TinyFolder.of("mixtral");
        Path in = tiny.write(folder.resolve("in"));
        Path fused = Files.createDirectories(folder.resolve("fused"));
        SafetensorsWriter.write(
                fused.resolve("model.safetensors"), FusedExperts.ofMixtral(in.resolve("model.safetensors")), Map.of());
        Files.writeString(fused.resolve("config.json"), tiny.config());

        assertThat(logits(fused, tiny.tokens())).isEqualTo(logits(in, tiny.tokens()));
    }

    private static float[] logits(Path folder, int[] tokens) throws IOException {
        ModelFolder read = HuggingFaceTypes.read(folder);
        try (HuggingFaceImport weights = HuggingFaceImport.open(folder, read.tensors());
                Compute compute = new Compute(1, "auto", "parity")) {
            Decoder model = new Decoder(
                    read.model(), read.vocabulary(), compute, DType.F32, StreamedStore.layout(weights.weights()));
            try (Tape tape = model.evaluationTape();
                    Batch batch = Batch.allocate(compute.memory(), 1, tokens.length)) {
                int[] positions = new int[tokens.length];
                Arrays.setAll(positions, i -> i);
                batch.set(0, tokens, tokens, positions, new int[tokens.length]);
                Tensor logits = model.logits(tape, batch);
                float[] values = logits.toFloats();
                logits.release();
                return values;
            }
        }
    }
}
