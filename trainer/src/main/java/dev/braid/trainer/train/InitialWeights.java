package dev.braid.trainer.train;

import dev.braid.checkpoint.CheckpointReader;
import dev.braid.checkpoint.Checkpoints;
import dev.braid.checkpoint.InvalidFileException;
import dev.braid.checkpoint.Weights;
import dev.braid.checkpoint.huggingface.HuggingFaceImport;
import dev.braid.models.Decoder;
import dev.braid.models.MultiTokenConfig;
import dev.braid.trainer.huggingface.HuggingFaceTypes;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Consumer;
import java.util.function.Predicate;

/** First weights from a checkpoint, a run or a Hugging Face folder. */
public final class InitialWeights {
    private InitialWeights() {}

    /**
     * Opens the folder and closes it, so that what is wrong with it is known before anything is started.
     *
     * @throws IllegalArgumentException when it holds no weights that can be read
     */
    public static void check(Path from) throws IOException {
        try {
            if (isHuggingFace(from)) {
                HuggingFaceImport.open(from, HuggingFaceTypes.read(from).tensors())
                        .close();
            } else {
                Checkpoints.find(from).close();
            }
        } catch (IllegalArgumentException | InvalidFileException problem) {
            throw new IllegalArgumentException("init.from: " + problem.getMessage(), problem);
        }
    }

    private static boolean isHuggingFace(Path from) {
        return Files.exists(from.resolve("config.json"));
    }

    /**
     * Loads them. Where only one of the folder's model and {@code model} has modules of multi-token prediction, theirs are drawn from
     * {@code seed}, or left out.
     *
     * @throws IllegalArgumentException when the folder's model is not {@code model}
     */
    static void load(Path from, Decoder model, long seed, Consumer<TrainingEvent> events) throws IOException {
        try {
            if (isHuggingFace(from)) {
                try (HuggingFaceImport folder =
                        HuggingFaceImport.open(from, HuggingFaceTypes.read(from).tensors())) {
                    take(folder.weights(), model, seed, events);
                }
            } else {
                try (CheckpointReader checkpoint = Checkpoints.find(from)) {
                    take(ModelCheckpoint.weights(checkpoint), model, seed, events);
                }
            }
        } catch (IllegalArgumentException problem) {
            throw new IllegalArgumentException("init.from: " + from + ": " + problem.getMessage(), problem);
        }
        events.accept(new TrainingEvent.Note("weights taken from " + from));
    }

    /** See {@link #load}. */
    static void take(Weights weights, Decoder model, long seed, Consumer<TrainingEvent> events) throws IOException {
        boolean given = weights.names().stream().anyMatch(MultiTokenConfig::ownsParameter);
        boolean wanted = model.config().predictionDepth() > 0;
        if (given == wanted) {
            ModelCheckpoint.loadWeights(weights, model);
            return;
        }
        if (wanted) {
            model.initialize(seed);
        }
        Predicate<String> others = name -> !MultiTokenConfig.ownsParameter(name);
        ModelCheckpoint.loadWeights(weights.only(others), model, others);
        events.accept(new TrainingEvent.Note(
                wanted
                        ? "there are no weights for the modules of multi-token prediction (model.mtp): theirs are drawn"
                        : "its modules of multi-token prediction are left out, since model.mtp is not set"));
    }
}
