package dev.braid.trainer.train;

import dev.braid.checkpoint.CheckpointReader;
import dev.braid.checkpoint.Checkpoints;
import dev.braid.checkpoint.InvalidFileException;
import dev.braid.checkpoint.huggingface.HuggingFaceImport;
import dev.braid.models.Decoder;
import dev.braid.trainer.huggingface.HuggingFaceTypes;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Consumer;

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
     * Loads them.
     *
     * @throws IllegalArgumentException when the folder's model is not {@code model}
     */
    static void load(Path from, Decoder model, Consumer<TrainingEvent> events) throws IOException {
        try {
            if (isHuggingFace(from)) {
                try (HuggingFaceImport folder =
                        HuggingFaceImport.open(from, HuggingFaceTypes.read(from).tensors())) {
                    ModelCheckpoint.loadWeights(folder.weights(), model);
                }
            } else {
                try (CheckpointReader checkpoint = Checkpoints.find(from)) {
                    ModelCheckpoint.loadWeights(ModelCheckpoint.weights(checkpoint), model);
                }
            }
        } catch (IllegalArgumentException problem) {
            throw new IllegalArgumentException("init.from: " + from + ": " + problem.getMessage(), problem);
        }
        events.accept(new TrainingEvent.Note("weights taken from " + from));
    }
}
