package dev.braid.trainer.train;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.braid.checkpoint.Attempt;
import dev.braid.checkpoint.Band;
import dev.braid.checkpoint.CheckpointReader;
import dev.braid.checkpoint.CheckpointWriter;
import dev.braid.checkpoint.Checkpoints;
import dev.braid.checkpoint.SliceFile;
import dev.braid.checkpoint.SliceWriter;
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
import dev.braid.tensor.parameters.ParameterSpec;
import dev.braid.tensor.parameters.Parameters;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Predicate;

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

    /**
     * Writes a training state: every rank what it answers for, to a file of its own; rank 0 commits. All ranks call it, and return
     * when it is on the disk.
     *
     * @param attachments small files by name, the model's config and vocabulary excepted
     */
    static void save(
            Checkpoints checkpoints,
            RankGroup ranks,
            Decoder model,
            AdamW optimizer,
            RunState run,
            Map<String, byte[]> attachments)
            throws IOException {
        boolean first = ranks.rank() == 0;
        byte[] plan = first ? checkpoints.plan(run.step()).toJson() : new byte[0];
        Attempt attempt = Attempt.fromJson(ranks.broadcast(plan));
        try {
            SliceFile mine = write(checkpoints.writer(attempt, ranks.rank()), first, model, optimizer, attachments);
            List<byte[]> files = ranks.gather(mine.toJson());
            if (first) {
                ObjectNode state = new ObjectMapper().createObjectNode();
                state.put(VOCABULARY, model.vocabulary());
                state.set(RUN, run.toJson());
                checkpoints.commit(
                        attempt, state, files.stream().map(SliceFile::fromJson).toList());
            }
        } catch (IOException problem) {
            // Other ranks still write: only rank 0, which hears of their failures, takes away what there is.
            throw first ? checkpoints.notWritten(attempt, problem) : problem;
        } catch (RuntimeException failure) {
            if (first) {
                checkpoints.abandon(attempt);
            }
            throw failure;
        }
        ranks.broadcast(new byte[0]); // nobody goes on before it is complete
    }

    private static SliceFile write(
            SliceWriter writer, boolean first, Decoder model, AdamW optimizer, Map<String, byte[]> attachments)
            throws IOException {
        try (writer) {
            for (Parameter parameter : model.parameters()) {
                add(writer, MODEL + parameter.name(), parameter, parameter.master());
            }
            for (Parameter parameter : model.parameters()) {
                for (Map.Entry<String, Tensor> state :
                        optimizer.state(parameter).entrySet()) {
                    add(writer, OPTIMIZER + state.getKey() + "/" + parameter.name(), parameter, state.getValue());
                }
            }
            if (first) {
                writer.attach(MODEL_FILE, ConfigWriter.toYaml(model.config()).getBytes(StandardCharsets.UTF_8));
                for (Map.Entry<String, byte[]> entry : attachments.entrySet()) {
                    writer.attach(entry.getKey(), entry.getValue());
                }
            }
            return writer.finish();
        }
    }

    private static void add(SliceWriter writer, String name, Parameter parameter, Tensor values) throws IOException {
        Parameter.Range mine = parameter.mine();
        if (mine.count() > 0) {
            writer.add(
                    name,
                    parameter.spec().shape(),
                    band(parameter),
                    parameter.bandFrom() + mine.from(),
                    values,
                    mine.from(),
                    mine.count());
        }
    }

    private static Band band(Parameter parameter) {
        return new Band(parameter.part().firstColumn(), parameter.part().columns());
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
        writer.attach(MODEL_FILE, ConfigWriter.toYaml(config).getBytes(StandardCharsets.UTF_8));
        for (Map.Entry<String, byte[]> entry : tokenizerFiles.entrySet()) {
            writer.attach(TOKENIZER_PREFIX + entry.getKey(), entry.getValue());
        }
        ObjectNode state = new ObjectMapper().createObjectNode();
        state.put(VOCABULARY, vocabulary);
        writer.commit(state);
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

    /**
     * The model in {@code checkpoint}, which reads each unit of weights when it uses it and holds no more: for a few passes, of a
     * model of any size. The checkpoint must stay open.
     */
    public static Decoder stream(CheckpointReader checkpoint, Compute compute, DType dtype) throws IOException {
        return new Decoder(
                config(checkpoint), vocabulary(checkpoint), compute, dtype, StreamedStore.layout(weights(checkpoint)));
    }

    /** Builds the model in {@code checkpoint} with its weights. */
    public static Decoder load(CheckpointReader checkpoint, Compute compute, DType dtype) throws IOException {
        Decoder model = new Decoder(config(checkpoint), vocabulary(checkpoint), compute, dtype);
        loadWeights(weights(checkpoint), model);
        return model;
    }

    /** Throws {@link IllegalArgumentException} unless {@code weights} has exactly the declared parameters, with their shapes. */
    static void requireParameters(Weights weights, Parameters declared) {
        requireParameters(weights, declared, name -> true);
    }

    private static void requireParameters(Weights weights, Parameters declared, Predicate<String> wanted) {
        Map<String, ParameterSpec> expected = new TreeMap<>();
        declared.specs().stream()
                .filter(spec -> wanted.test(spec.name()))
                .forEach(spec -> expected.put(spec.name(), spec));
        List<String> missing = expected.keySet().stream()
                .filter(name -> !weights.names().contains(name))
                .toList();
        List<String> unknown = weights.names().stream()
                .filter(name -> !expected.containsKey(name))
                .toList();
        if (!missing.isEmpty() || !unknown.isEmpty()) {
            throw new IllegalArgumentException("the weights are of another model: "
                    + (missing.isEmpty() ? "" : "missing " + missing + " ")
                    + (unknown.isEmpty() ? "" : "not in the model " + unknown));
        }
        for (ParameterSpec spec : expected.values()) {
            requireShape(weights, spec.name(), spec);
        }
    }

    /** Fills what this rank holds of the model with {@code weights}; every parameter must be there with its shape, and nothing else. */
    public static void loadWeights(Weights weights, Decoder model) throws IOException {
        loadWeights(weights, model, name -> true);
    }

    /** The same for those parameters only whose names {@code wanted} takes; others keep their values. */
    static void loadWeights(Weights weights, Decoder model, Predicate<String> wanted) throws IOException {
        requireParameters(weights, model.architecture().parameters(), wanted);
        for (Parameter parameter : model.parameters()) {
            if (wanted.test(parameter.name())) {
                load(weights, parameter.name(), parameter, parameter.master());
            }
        }
        model.refreshCompute();
    }

    private static void requireShape(Weights weights, String name, ParameterSpec spec) {
        if (!weights.shape(name).equals(spec.shape())) {
            throw new IllegalArgumentException("tensor \"" + name + "\" is " + weights.dtype(name) + weights.shape(name)
                    + " in the file, but the model has F32" + spec.shape() + " for it");
        }
    }

    private static void load(Weights weights, String name, Parameter parameter, Tensor target) throws IOException {
        weights.load(name, band(parameter), parameter.bandFrom(), target, 0, parameter.count());
    }

    /** Brings model and optimizer to the state of {@code checkpoint} and returns the run's counters. */
    static RunState resume(CheckpointReader checkpoint, Decoder model, AdamW optimizer) throws IOException {
        RunState run = RunState.fromJson(checkpoint.state().path(RUN));
        loadWeights(weights(checkpoint), model);
        Weights moments = checkpoint.weights(OPTIMIZER);
        for (Parameter parameter : model.parameters()) {
            for (Map.Entry<String, Tensor> state : optimizer.state(parameter).entrySet()) {
                String name = state.getKey() + "/" + parameter.name();
                requireShape(moments, name, parameter.spec());
                load(moments, name, parameter, state.getValue());
            }
        }
        optimizer.setUpdates(run.updates());
        return run;
    }
}
