package dev.braid.trainer.action;

import dev.braid.checkpoint.CheckpointReader;
import dev.braid.checkpoint.Checkpoints;
import dev.braid.trainer.report.MetricsReader;
import dev.braid.trainer.report.StepRecord;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** A folder with some text and a YAML of a model that trains in moments, for tests of whole commands. */
public final class TinyExperiment {
    private final Path folder;

    /** Writes text and config into {@code folder}. */
    public TinyExperiment(Path folder) throws IOException {
        this.folder = folder;
        Path text = Files.createDirectories(folder.resolve("text"));
        for (int file = 0; file < 40; file++) {
            StringBuilder content = new StringBuilder();
            for (int line = 0; line < 60; line++) {
                content.append("line ")
                        .append(line)
                        .append(" of ")
                        .append(file)
                        .append(" says ")
                        .append("abcdefgh".charAt((line * 3 + file) % 8))
                        .append(";\n");
            }
            Files.writeString(text.resolve("file-" + file + ".txt"), content);
        }
        Files.writeString(config(), """
                name: tiny
                output: %s
                model:
                  dim: 32
                  layers: 2
                  context: 32
                  tie_embeddings: true
                  mixers: {attn: {type: attention, heads: 4, kv_heads: 2}}
                  ffns: {mlp: {type: swiglu, hidden: 88}}
                  pattern: [attn+mlp]
                data:
                  sources: [{path: %s}]
                  tokenizer: byte
                  validation: 0.1
                batch: {sequences: 4, microbatch: 2}
                train: {steps: 10, validate_every: 5}
                optimizer: {type: adamw, lr: 3.0e-3}
                schedule: {type: cosine, warmup: 2}
                checkpoint: {every: 5, keep: 2}
                """.formatted(run("tiny"), text));
    }

    /** The config. */
    public Path config() {
        return folder.resolve("tiny.yaml");
    }

    /** Folder of the run of that name. */
    public Path run(String name) {
        return folder.resolve("runs").resolve(name);
    }

    /** Losses by step, from the run's metrics. */
    public List<Double> losses(String name) throws IOException {
        return MetricsReader.read(run(name).resolve("metrics.jsonl")).stream()
                .map(StepRecord::loss)
                .toList();
    }

    /** Every tensor of the run's newest checkpoint; all have 32 bits an element. */
    public Map<String, float[]> tensors(String name) throws IOException {
        Map<String, float[]> tensors = new TreeMap<>();
        try (CheckpointReader checkpoint = Checkpoints.find(run(name))) {
            for (String tensor : checkpoint.names()) {
                int count = Math.toIntExact(checkpoint.shape(tensor).count());
                float[] values = new float[count];
                checkpoint.read(tensor, 0, count, MemorySegment.ofArray(values));
                tensors.put(tensor, values);
            }
        }
        return tensors;
    }
}
