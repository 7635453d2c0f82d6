package dev.braid.trainer.train;

import dev.braid.checkpoint.Weights;
import dev.braid.checkpoint.huggingface.HuggingFaceExport;
import dev.braid.checkpoint.safetensors.Entry;
import dev.braid.checkpoint.safetensors.SafetensorsWriter;
import dev.braid.data.Sample;
import dev.braid.models.Decoder;
import dev.braid.tensor.Compute;
import dev.braid.tensor.DType;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import dev.braid.trainer.huggingface.HuggingFaceTypes;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.TreeMap;

/**
 * Writes what PyTorch needs to train the cases of {@link ParityCase}: {@code FOLDER/CASE/hf} and
 * {@code FOLDER/CASE/batches.safetensors}, for {@code hf_losses.py} without options.
 */
final class ParityFixture {
    private ParityFixture() {}

    static void write(ParityCase parity, Path folder) throws IOException {
        Files.createDirectories(folder);
        try (Compute compute = new Compute(1, "auto", "fixture")) {
            Decoder model = new Decoder(parity.model(), parity.vocabulary(), compute, DType.F32);
            model.initialize(ParityCase.SEED);
            Map<String, Tensor> weights = new TreeMap<>();
            model.parameters().forEach(parameter -> weights.put(parameter.name(), parameter.master()));
            HuggingFaceExport.write(
                    HuggingFaceTypes.describe(parity.model(), parity.vocabulary(), OptionalInt.empty()),
                    Weights.of(weights),
                    DType.F32,
                    Map.of(),
                    folder.resolve("hf"));
        }
        int count = ParityCase.STEPS * parity.sequences() * parity.length();
        long[] inputs = new long[count];
        long[] labels = new long[count];
        int at = 0;
        for (int step = 0; step < ParityCase.STEPS; step++) {
            for (Sample sample : parity.samples(step)) {
                for (int t = 0; t < parity.length(); t++) {
                    inputs[at] = sample.inputs()[t];
                    labels[at++] = sample.labels()[t];
                }
            }
        }
        Shape shape = Shape.of(ParityCase.STEPS, parity.sequences(), parity.length());
        SafetensorsWriter.write(
                folder.resolve("batches.safetensors"),
                List.of(Entry.of("input_ids", shape, inputs), Entry.of("labels", shape, labels)),
                Map.of());
    }

    /** The first argument is the folder. */
    public static void main(String[] arguments) throws IOException {
        for (ParityCase parity : ParityCase.all()) {
            write(parity, Path.of(arguments[0]).resolve(parity.name()));
        }
    }
}
