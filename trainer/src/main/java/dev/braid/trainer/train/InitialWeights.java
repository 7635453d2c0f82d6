package dev.braid.trainer.train;

import dev.braid.checkpoint.CheckpointReader;
import dev.braid.checkpoint.Checkpoints;
import dev.braid.checkpoint.huggingface.HuggingFaceImport;
import dev.braid.models.Decoder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Consumer;

/** First weights from a checkpoint, a run or a Hugging Face folder. */
final class InitialWeights {
    private InitialWeights() {}

    /**
     * Loads them.
     *
     * @throws IllegalArgumentException when the folder's model is not {@code model}
     */
    static void load(Path from, Decoder model, Consumer<TrainingEvent> events) throws IOException {
        try {
            if (Files.exists(from.resolve("config.json"))) {
                try (HuggingFaceImport folder = HuggingFaceImport.open(from)) {
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
