package dev.braid.trainer.huggingface;

import dev.braid.checkpoint.safetensors.Entry;
import dev.braid.checkpoint.safetensors.SafetensorsWriter;
import dev.braid.tensor.Shape;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A tiny model as transformers 5.18 wrote its config, named its tensors and computed its logits; for types of flash-linear-attention
 * 0.5.2 by its naive code under PyTorch. Its weights follow a formula, see {@link #weights}.
 *
 * @param config the text of {@code config.json}
 * @param tensors extents by name, in the order of the names
 * @param tokens one sequence
 * @param logits of every position
 */
record TinyFolder(String config, Map<String, Shape> tensors, int[] tokens, float[][] logits) {
    static TinyFolder of(String name) {
        Map<String, Shape> tensors = new LinkedHashMap<>();
        List<float[]> logits = new ArrayList<>();
        int[] tokens = new int[0];
        for (String line : resource(name + "/expected.txt").lines().toList()) {
            String[] words = line.split(" ");
            String[] rest = Arrays.copyOfRange(words, 1, words.length);
            switch (words[0]) {
                case "tensor" ->
                    tensors.put(
                            rest[0],
                            Shape.of(Arrays.stream(rest)
                                    .skip(1)
                                    .mapToLong(Long::parseLong)
                                    .toArray()));
                case "tokens" ->
                    tokens = Arrays.stream(rest).mapToInt(Integer::parseInt).toArray();
                default -> {
                    float[] row = new float[rest.length];
                    for (int i = 0; i < row.length; i++) {
                        row[i] = Float.parseFloat(rest[i]);
                    }
                    logits.add(row);
                }
            }
        }
        return new TinyFolder(resource(name + "/config.json"), tensors, tokens, logits.toArray(float[][]::new));
    }

    private static String resource(String name) {
        try (InputStream stream = TinyFolder.class.getResourceAsStream(name)) {
            return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException problem) {
            throw new UncheckedIOException(problem);
        }
    }

    /** Writes the model, and returns {@code folder}. */
    Path write(Path folder) throws IOException {
        Files.createDirectories(folder);
        List<Entry> entries = new ArrayList<>();
        for (Map.Entry<String, Shape> tensor : tensors.entrySet()) {
            entries.add(Entry.of(tensor.getKey(), tensor.getValue(), weights(tensor.getKey(), entries.size())));
        }
        SafetensorsWriter.write(folder.resolve("model.safetensors"), entries, Map.of("format", "pt"));
        Files.writeString(folder.resolve("config.json"), config);
        return folder;
    }

    /** Values around one for norms (zero where weights are zero-centred) and so small for matrices that activations keep their size. */
    private float[] weights(String name, int index) {
        Shape shape = tensors.get(name);
        boolean gain = name.contains("norm") || name.endsWith(".D");
        double base = 0;
        double spread = 3.46 / Math.sqrt(shape.columns());
        if (name.endsWith("bias")) {
            spread = 0.6;
        } else if (gain) {
            boolean zeroCentred = config.contains("gemma3_text")
                    || config.contains("qwen3_next") && !name.contains("linear_attn.norm");
            base = zeroCentred ? 0 : 1;
            spread = 0.4;
        } else if (shape.rank() == 1) {
            base = 0.3;
            spread = 1;
        }
        float[] values = new float[(int) shape.count()];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) (base + spread * scattered(index, i));
        }
        return values;
    }

    /** Between -1/2 and 1/2, by a hash of tensor and element. */
    private static double scattered(long index, long element) {
        long hash = (element * 2654435761L + index * 97531) & 0xffffffffL;
        hash ^= hash >>> 15;
        hash = hash * 2246822519L & 0xffffffffL;
        hash ^= hash >>> 13;
        return hash / 4294967296.0 - 0.5;
    }
}
