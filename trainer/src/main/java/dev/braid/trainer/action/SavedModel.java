package dev.braid.trainer.action;

import dev.braid.checkpoint.CheckpointReader;
import dev.braid.checkpoint.Checkpoints;
import dev.braid.data.tokenizer.Tokenizer;
import dev.braid.data.tokenizer.TokenizerJson;
import dev.braid.models.Decoder;
import dev.braid.tensor.Compute;
import dev.braid.tensor.DType;
import dev.braid.trainer.train.ModelCheckpoint;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/** A model out of a checkpoint, computing in f32 on all cores of this machine, with its tokenizer if it has one. */
final class SavedModel implements AutoCloseable {
    private static final String ENGINE = "auto";

    private final CheckpointReader checkpoint;
    private final Compute compute;
    private final Decoder model;
    private final Optional<Tokenizer> tokenizer;

    private SavedModel(CheckpointReader checkpoint, Compute compute, Decoder model, Optional<Tokenizer> tokenizer) {
        this.checkpoint = checkpoint;
        this.compute = compute;
        this.model = model;
        this.tokenizer = tokenizer;
    }

    /** Opens a checkpoint, or the newest of a run, with all weights in memory. */
    static SavedModel open(Path path) throws IOException {
        return open(path, ModelCheckpoint::load);
    }

    /** The same with a unit of weights in memory at a time: for a pass or two. */
    static SavedModel stream(Path path) throws IOException {
        return open(path, ModelCheckpoint::stream);
    }

    private interface Loader {
        Decoder load(CheckpointReader checkpoint, Compute compute, DType dtype) throws IOException;
    }

    private static SavedModel open(Path path, Loader loader) throws IOException {
        CheckpointReader checkpoint = Checkpoints.find(path);
        Compute compute = newCompute();
        try {
            Decoder model = loader.load(checkpoint, compute, DType.F32);
            return new SavedModel(checkpoint, compute, model, tokenizer(checkpoint));
        } catch (IOException | RuntimeException failure) {
            compute.close();
            checkpoint.close();
            throw failure;
        }
    }

    /** A context on all cores. */
    static Compute newCompute() {
        return new Compute(Runtime.getRuntime().availableProcessors(), ENGINE, "model");
    }

    private static Optional<Tokenizer> tokenizer(CheckpointReader checkpoint) throws IOException {
        Map<String, byte[]> files = ModelCheckpoint.tokenizerFiles(checkpoint);
        byte[] json = files.get(TokenizerJson.FILE);
        if (json == null) {
            return Optional.empty();
        }
        return Optional.of(TokenizerJson.parse(
                checkpoint.location() + "/" + TokenizerJson.FILE, json, files.get(TokenizerJson.CONFIG_FILE)));
    }

    CheckpointReader checkpoint() {
        return checkpoint;
    }

    Decoder model() {
        return model;
    }

    Optional<Tokenizer> tokenizer() {
        return tokenizer;
    }

    /** The tokenizer, for what can't be done without. */
    Tokenizer requireTokenizer() {
        return tokenizer.orElseThrow(() -> new IllegalArgumentException(checkpoint.location()
                + " has no tokenizer (it was trained on generated token ids, or imported from a folder without one), so text"
                + " can't go in or come out; braid score works on token ids"));
    }

    @Override
    public void close() throws IOException {
        compute.close();
        checkpoint.close();
    }
}
