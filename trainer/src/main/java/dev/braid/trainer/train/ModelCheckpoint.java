package dev.braid.trainer.train;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.braid.checkpoint.CheckpointReader;
import dev.braid.checkpoint.CheckpointWriter;
import dev.braid.checkpoint.Weights;
import dev.braid.config.ConfigReader;
import dev.braid.config.ConfigWriter;
import dev.braid.models.Decoder;
import dev.braid.models.ModelConfig;
import dev.braid.optimizers.AdamW;
import dev.braid.tensor.Compute;
import dev.braid.tensor.DType;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.parameters.Parameter;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What Braid puts into a checkpoint and how it gets it out again: master weights under {@code model/}, optimizer state under
 * {@code optimizer/}, the model's config and the tokenizer as attachments, the run's counters as state.
 */
public final class ModelCheckpoint {
    /** Attachment with the model's config. */
    static final String MODEL_FILE = "model.yaml";

    /** Attachments whose names start so are the tokenizer's files. */
    static final String TOKENIZER_PREFIX = "tokenizer/";

    private static final String MODEL = "model/";
    private static final String OPTIMIZER = "optimizer/";
    private static final String VOCABULARY = "vocabulary";
    private static final String RUN = "run";

    private ModelCheckpoint() {}

    /** Files of the tokenizer by name. */
    public static Map<String, byte[]> tokenizerFiles(CheckpointReader checkpoint) throws IOException {
        Map<String, byte[]> files = new TreeMap<>();
        for (String name : checkpoint.attachments()) {
            if (name.startsWith(TOKENIZER_PREFIX)) {
                files.put(name.substring(TOKENIZER_PREFIX.length()), checkpoint.attachment(name));
            }
        }
        return files;
    }

    /** Writes a whole training state and commits it. */
    static void save(
            CheckpointWriter writer, Decoder model, AdamW optimizer, RunState run, Map<String, byte[]> attachments)
            throws IOException {
        for (Parameter parameter : model.parameters()) {
            writer.add(MODEL + parameter.name(), parameter.master());
        }
        for (Map.Entry<String, Tensor> entry : optimizer.state().entrySet()) {
            writer.add(OPTIMIZER + entry.getKey(), entry.getValue());
        }
        ObjectNode state = describe(writer, model.config(), model.vocabulary(), attachments);
        state.set(RUN, run.toJson());
        writer.commit(state);
    }

    /** Writes weights alone, as an import does, and commits them. */
    public static void saveWeights(
            CheckpointWriter writer,
            Weights weights,
            ModelConfig config,
            int vocabulary,
            Map<String, byte[]> tokenizerFiles)
            throws IOException {
        writer.add(MODEL, weights);
        Map<String, byte[]> attachments = new TreeMap<>();
        tokenizerFiles.forEach((name, content) -> attachments.put(TOKENIZER_PREFIX + name, content));
        writer.commit(describe(writer, config, vocabulary, attachments));
    }

    private static ObjectNode describe(
            CheckpointWriter writer, ModelConfig config, int vocabulary, Map<String, byte[]> attachments)
            throws IOException {
        writer.attach(MODEL_FILE, ConfigWriter.toYaml(config).getBytes(StandardCharsets.UTF_8));
        for (Map.Entry<String, byte[]> entry : attachments.entrySet()) {
            writer.attach(entry.getKey(), entry.getValue());
        }
        ObjectNode state = new ObjectMapper().createObjectNode();
        state.put(VOCABULARY, vocabulary);
        return state;
    }

    /** The config of the model in {@code checkpoint}. */
    public static ModelConfig config(CheckpointReader checkpoint) throws IOException {
        String yaml = new String(checkpoint.attachment(MODEL_FILE), StandardCharsets.UTF_8);
        return ConfigReader.of(ModelConfig.class).parse(checkpoint.location() + "/" + MODEL_FILE, yaml, List.of());
    }

    /** Number of token ids of the model in {@code checkpoint}. */
    public static int vocabulary(CheckpointReader checkpoint) {
        return checkpoint.state().path(VOCABULARY).asInt();
    }

    /** The model's weights by parameter name. */
    public static Weights weights(CheckpointReader checkpoint) {
        return checkpoint.weights(MODEL);
    }

    /** Builds the model in {@code checkpoint} with its weights. */
    public static Decoder load(CheckpointReader checkpoint, Compute compute, DType dtype) throws IOException {
        Decoder model = new Decoder(config(checkpoint), vocabulary(checkpoint), compute, dtype);
        loadWeights(weights(checkpoint), model);
        return model;
    }

    /** Fills the model with {@code weights}; every parameter must be there with its shape, and nothing else. */
    public static void loadWeights(Weights weights, Decoder model) throws IOException {
        List<String> expected = model.parameters().stream().map(Parameter::name).toList();
        List<String> missing = expected.stream()
                .filter(name -> !weights.names().contains(name))
                .toList();
        List<String> unknown = weights.names().stream()
                .filter(name -> !expected.contains(name))
                .toList();
        if (!missing.isEmpty() || !unknown.isEmpty()) {
            throw new IllegalArgumentException("the weights are of another model: "
                    + (missing.isEmpty() ? "" : "missing " + missing + " ")
                    + (unknown.isEmpty() ? "" : "not in the model " + unknown));
        }
        for (Parameter parameter : model.parameters()) {
            weights.load(parameter.name(), parameter.master());
        }
        model.refreshCompute();
    }

    /** Brings model and optimizer to the state of {@code checkpoint} and returns the run's counters. */
    static RunState resume(CheckpointReader checkpoint, Decoder model, AdamW optimizer) throws IOException {
        RunState run = RunState.fromJson(checkpoint.state().path(RUN));
        loadWeights(weights(checkpoint), model);
        Weights moments = checkpoint.weights(OPTIMIZER);
        for (Map.Entry<String, Tensor> entry : optimizer.state().entrySet()) {
            moments.load(entry.getKey(), entry.getValue());
        }
        optimizer.setUpdates(run.updates());
        return run;
    }
}
