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
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * The weights of a Hugging Face folder. Opening checks that the folder has exactly the tensors of the model that its
 * {@code config.json} describes. Any thread may read the weights.
 */
public final class HuggingFaceImport implements AutoCloseable {
    private final ShardedTensors tensors;
    private final FolderWeights weights;
    private final Map<String, byte[]> tokenizerFiles;
    private final List<String> notes;

    private HuggingFaceImport(
            ShardedTensors tensors, FolderWeights weights, Map<String, byte[]> tokenizerFiles, List<String> notes) {
        this.tensors = tensors;
        this.weights = weights;
        this.tokenizerFiles = tokenizerFiles;
        this.notes = notes;
    }

    /**
     * Opens {@code folder}, whose {@code config.json} was read before and describes a model with the tensors {@code map}. Throws
     * {@link InvalidFileException} that lists everything that does not fit.
     */
    public static HuggingFaceImport open(Path folder, TensorMap map) throws IOException {
        List<String> notes = new ArrayList<>();
        Map<String, byte[]> tokenizerFiles = TokenizerFiles.read(folder);
        if (!tokenizerFiles.containsKey(TokenizerFiles.TOKENIZER)) {
            notes.add(folder + " has no " + TokenizerFiles.TOKENIZER
                    + ": the model can be trained and scored by token ids, but not be given text");
        }
        ShardedTensors tensors = ShardedTensors.open(folder);
        try {
            List<TensorMap.Place> places = map.places(tensors.tensors().keySet());
            Map<String, List<String>> stored = requireTensors(folder, map, places, tensors, notes);
            return new HuggingFaceImport(
                    tensors,
                    new FolderWeights(tensors, TensorMap.pieces(places), stored, new Turning()),
                    Collections.unmodifiableMap(tokenizerFiles),
                    List.copyOf(notes));
        } catch (IOException | RuntimeException problem) {
            tensors.close();
            throw problem;
        }
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
        weights.turning.close();
        tensors.close();
    }

    /** By the name of each tensor of the map, those of the folder that have its rows: itself, as a rule. */
    private static Map<String, List<String>> requireTensors(
            Path folder, TensorMap map, List<TensorMap.Place> places, ShardedTensors tensors, List<String> notes)
            throws IOException {
        List<String> faults = new ArrayList<>();
        Map<String, SafetensorsFile> unknown = new LinkedHashMap<>(tensors.tensors());
        Map<String, List<String>> stored = new LinkedHashMap<>();
        for (TensorMap.Place place : places) {
            List<String> others = map.substitutes().getOrDefault(place.name(), List.of());
            boolean substituted = !unknown.containsKey(place.name())
                    && !others.isEmpty()
                    && unknown.keySet().containsAll(others);
            List<String> names = substituted ? others : List.of(place.name());
            stored.put(place.name(), names);
            if (!unknown.keySet().containsAll(names)) {
                faults.add("\"" + place.name() + "\" is missing");
                continue;
            }
            List<TensorInfo> infos = new ArrayList<>();
            for (String name : names) {
                infos.add(unknown.remove(name).tensor(name));
            }
            addFaults(faults, infos, place.shape());
        }
        for (String name : unknown.keySet()) {
            if (name.endsWith(".rotary_emb.inv_freq")) {
                notes.add("\"" + name + "\" is left out: Braid computes the rotary frequencies");
            } else if (map.copies().containsKey(name)) {
                requireCopy(tensors, name, map.copies().get(name), faults);
            } else {
                faults.add("\"" + name + "\" has no place in the model that config.json describes");
            }
        }
        if (!faults.isEmpty()) {
            throw new InvalidFileException(
                    "the tensors of " + folder + " do not fit its config.json:\n  " + String.join("\n  ", faults));
        }
        return stored;
    }

    private static void addFaults(List<String> faults, List<TensorInfo> infos, Shape expected) {
        String names = infos.stream().map(info -> "\"" + info.name() + "\"").collect(Collectors.joining(" and "));
        Shape found = joined(infos);
        if (!found.equals(expected)) {
            faults.add(names + (infos.size() > 1 ? " together are " : " is ") + found + " but must be " + expected);
        }
        for (TensorInfo info : infos) {
            if (!info.type().readableAsFloat()) {
                faults.add("\"" + info.name() + "\" has dtype " + info.type() + "; allowed are F32, BF16 and F16");
            }
        }
    }

    /** The extents of the rows of all; those of the first where the others have other rows. */
    private static Shape joined(List<TensorInfo> infos) {
        long[] extents = infos.getFirst().shape().toArray();
        for (TensorInfo info : infos.subList(1, infos.size())) {
            long[] more = info.shape().toArray();
            if (more.length != extents.length || extents.length == 0) {
                return infos.getFirst().shape();
            }
            long rows = extents[0] + more[0];
            extents[0] = more[0];
            if (!Arrays.equals(extents, more)) {
                return infos.getFirst().shape();
            }
            extents[0] = rows;
        }
        return Shape.of(extents);
    }

    /** Some writers store the tied head a second time. That is fine as long as it really is the embedding. */
    private static void requireCopy(ShardedTensors tensors, String copy, String original, List<String> faults)
            throws IOException {
        SafetensorsFile headFile = tensors.file(copy);
        SafetensorsFile embeddingFile = tensors.tensors().get(original);
        if (embeddingFile == null) {
            return;
        }
        TensorInfo head = headFile.tensor(copy);
        TensorInfo embedding = embeddingFile.tensor(original);
        boolean same = head.type() == embedding.type()
                && head.shape().equals(embedding.shape())
                && head.type().readableAsFloat();
        int step = 1 << 20;
        long count = head.shape().count();
        byte[] one = new byte[step * 4];
        byte[] other = new byte[step * 4];
        for (long from = 0; same && from < count; from += step) {
            long now = Math.min(step, count - from);
            headFile.read(copy, from, now, head.type(), MemorySegment.ofArray(one));
            embeddingFile.read(original, from, now, head.type(), MemorySegment.ofArray(other));
            same = Arrays.equals(one, other);
        }
        if (!same) {
            faults.add("\"" + copy + "\" differs from \"" + original + "\" although tie_word_embeddings is true");
        }
    }

    private record FolderWeights(
            ShardedTensors tensors,
            Map<String, List<TensorMap.Piece>> pieces,
            Map<String, List<String>> stored,
            Turning turning)
            implements Weights {
        @Override
        public Set<String> names() {
            return Collections.unmodifiableSet(pieces.keySet());
        }

        @Override
        public Shape shape(String name) {
            return pieces(name).getFirst().part().shape();
        }

        @Override
        public DType dtype(String name) {
            pieces(name);
            return DType.F32;
        }

        @Override
        public void read(String name, long from, long count, MemorySegment target) throws IOException {
            for (TensorMap.Piece piece : pieces(name)) {
                Part part = piece.part();
                long first = Math.max(from, part.from());
                long end = Math.min(from + count, part.end());
                if (first < end) {
                    MemorySegment slice = target.asSlice((first - from) * Float.BYTES, (end - first) * Float.BYTES);
                    read(piece, first - part.from(), end - first, slice);
                }
            }
        }

        /** Elements {@code from} and on of a piece, in the order of the parameter. */
        private void read(TensorMap.Piece piece, long from, long count, MemorySegment target) throws IOException {
            if (piece.part().turned()) {
                turning.read(
                        Turning.Array.ofTensor(piece, piece.part(), Float.BYTES),
                        (first, length, into) -> readTensor(piece.tensor(), piece.from() + first, length, into),
                        from,
                        count,
                        target);
            } else {
                readTensor(piece.tensor(), piece.from() + from, count, target);
            }
        }

        /** Elements of a tensor of the map, whose rows may be in several tensors of the folder. */
        private void readTensor(String name, long from, long count, MemorySegment target) throws IOException {
            long end = from + count;
            long tensorFrom = 0;
            for (String tensor : stored.get(name)) {
                SafetensorsFile file = tensors.file(tensor);
                long tensorEnd = tensorFrom + file.tensor(tensor).shape().count();
                long partFrom = Math.max(from, tensorFrom);
                long partEnd = Math.min(end, tensorEnd);
                if (partFrom < partEnd) {
                    MemorySegment part =
                            target.asSlice((partFrom - from) * Float.BYTES, (partEnd - partFrom) * Float.BYTES);
                    file.read(tensor, partFrom - tensorFrom, partEnd - partFrom, ElementType.F32, part);
                }
                tensorFrom = tensorEnd;
            }
        }

        private List<TensorMap.Piece> pieces(String name) {
            List<TensorMap.Piece> found = pieces.get(name);
            if (found == null) {
                throw new IllegalArgumentException("there is no tensor \"" + name + "\" among " + pieces.keySet());
            }
            return found;
        }
    }
}
