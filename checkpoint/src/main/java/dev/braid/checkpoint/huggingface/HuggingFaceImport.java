package dev.braid.checkpoint.huggingface;

import dev.braid.checkpoint.InvalidFileException;
import dev.braid.checkpoint.Weights;
import dev.braid.checkpoint.safetensors.ElementType;
import dev.braid.checkpoint.safetensors.SafetensorsFile;
import dev.braid.checkpoint.safetensors.ShardedTensors;
import dev.braid.checkpoint.safetensors.TensorInfo;
import dev.braid.tensor.DType;
import dev.braid.tensor.Shape;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * An open Hugging Face folder of type {@code llama}, {@code qwen2} or {@code qwen3}. Opening checks that Braid can
 * represent the model and that the folder has exactly its tensors. Any thread may read the weights.
 */
public final class HuggingFaceImport implements AutoCloseable {
    private final LlamaShape shape;
    private final ShardedTensors tensors;
    private final Weights weights;
    private final Map<String, byte[]> tokenizerFiles;
    private final List<String> notes;

    private HuggingFaceImport(
            LlamaShape shape,
            ShardedTensors tensors,
            Weights weights,
            Map<String, byte[]> tokenizerFiles,
            List<String> notes) {
        this.shape = shape;
        this.tensors = tensors;
        this.weights = weights;
        this.tokenizerFiles = tokenizerFiles;
        this.notes = notes;
    }

    /** Opens {@code folder}. Throws {@link InvalidFileException} that lists everything that Braid cannot take over. */
    public static HuggingFaceImport open(Path folder) throws IOException {
        if (!Files.isDirectory(folder)) {
            throw new InvalidFileException("there is no folder " + folder);
        }
        ConfigReader.Result config = ConfigReader.read(folder.resolve("config.json"));
        List<String> notes = new ArrayList<>(config.notes());
        Map<String, byte[]> tokenizerFiles = TokenizerFiles.read(folder);
        if (!tokenizerFiles.containsKey(TokenizerFiles.TOKENIZER)) {
            notes.add(folder + " has no " + TokenizerFiles.TOKENIZER
                    + ": the model can be trained and scored by token ids, but not be given text");
        }
        ShardedTensors tensors = ShardedTensors.open(folder);
        try {
            Weights weights = new FolderWeights(tensors, named(folder, config.shape(), tensors, notes));
            return new HuggingFaceImport(
                    config.shape(), tensors, weights, Collections.unmodifiableMap(tokenizerFiles), List.copyOf(notes));
        } catch (IOException | RuntimeException problem) {
            tensors.close();
            throw problem;
        }
    }

    /** The model. */
    public LlamaShape shape() {
        return shape;
    }

    /** The parameters by Braid's global names, as F32. Valid until {@link #close}. */
    public Weights weights() {
        return weights;
    }

    /** The files of the tokenizer by name; empty when the folder has none. */
    public Map<String, byte[]> tokenizerFiles() {
        return tokenizerFiles;
    }

    /** What the user should know, one sentence each. */
    public List<String> notes() {
        return notes;
    }

    @Override
    public void close() throws IOException {
        tensors.close();
    }

    private static Map<String, Parameter> named(
            Path folder, LlamaShape shape, ShardedTensors tensors, List<String> notes) throws IOException {
        List<String> faults = new ArrayList<>();
        Map<String, SafetensorsFile> unknown = new LinkedHashMap<>(tensors.tensors());
        Map<String, Parameter> parameters = new LinkedHashMap<>();
        for (Parameter parameter : Parameter.of(shape)) {
            parameters.put(parameter.braid(), parameter);
            SafetensorsFile file = unknown.remove(parameter.huggingFace());
            if (file == null) {
                faults.add("\"" + parameter.huggingFace() + "\" is missing");
            } else {
                addFault(faults, file.tensor(parameter.huggingFace()), parameter.shape());
            }
        }
        for (String name : unknown.keySet()) {
            if (name.endsWith(".rotary_emb.inv_freq")) {
                notes.add("\"" + name + "\" is left out: Braid computes the rotary frequencies");
            } else if (name.equals(Parameter.HEAD) && shape.tied()) {
                requireTied(tensors, faults);
            } else {
                faults.add("\"" + name + "\" has no place in the model that config.json describes");
            }
        }
        if (!faults.isEmpty()) {
            throw new InvalidFileException(
                    "the tensors of " + folder + " do not fit its config.json:\n  " + String.join("\n  ", faults));
        }
        return Collections.unmodifiableMap(parameters);
    }

    private static void addFault(List<String> faults, TensorInfo info, Shape expected) {
        if (!info.shape().equals(expected)) {
            faults.add("\"" + info.name() + "\" is " + info.shape() + " but must be " + expected);
        }
        if (!info.type().readableAsFloat()) {
            faults.add("\"" + info.name() + "\" has dtype " + info.type() + "; allowed are F32, BF16 and F16");
        }
    }

    /** Some writers store the tied head a second time. That is fine as long as it really is the embedding. */
    private static void requireTied(ShardedTensors tensors, List<String> faults) throws IOException {
        SafetensorsFile headFile = tensors.file(Parameter.HEAD);
        SafetensorsFile embeddingFile = tensors.tensors().get(Parameter.EMBEDDING);
        if (embeddingFile == null) {
            return;
        }
        TensorInfo head = headFile.tensor(Parameter.HEAD);
        TensorInfo embedding = embeddingFile.tensor(Parameter.EMBEDDING);
        boolean same = head.type() == embedding.type()
                && head.shape().equals(embedding.shape())
                && head.type().readableAsFloat();
        int step = 1 << 20;
        long count = head.shape().count();
        byte[] one = new byte[step * 4];
        byte[] other = new byte[step * 4];
        for (long from = 0; same && from < count; from += step) {
            long now = Math.min(step, count - from);
            headFile.read(Parameter.HEAD, from, now, head.type(), MemorySegment.ofArray(one));
            embeddingFile.read(Parameter.EMBEDDING, from, now, head.type(), MemorySegment.ofArray(other));
            same = Arrays.equals(one, other);
        }
        if (!same) {
            faults.add("\"" + Parameter.HEAD + "\" differs from \"" + Parameter.EMBEDDING
                    + "\" although tie_word_embeddings is true");
        }
    }

    private record FolderWeights(ShardedTensors tensors, Map<String, Parameter> parameters) implements Weights {
        @Override
        public Set<String> names() {
            return parameters.keySet();
        }

        @Override
        public Shape shape(String name) {
            return parameter(name).shape();
        }

        @Override
        public DType dtype(String name) {
            parameter(name);
            return DType.F32;
        }

        @Override
        public void read(String name, long from, long count, MemorySegment target) throws IOException {
            String other = parameter(name).huggingFace();
            tensors.file(other).read(other, from, count, ElementType.F32, target);
        }

        private Parameter parameter(String name) {
            Parameter parameter = parameters.get(name);
            if (parameter == null) {
                throw new IllegalArgumentException("there is no tensor \"" + name + "\" among " + parameters.keySet());
            }
            return parameter;
        }
    }
}
