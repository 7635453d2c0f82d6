package dev.braid.trainer.train;

import dev.braid.checkpoint.CheckpointReader;
import dev.braid.checkpoint.Checkpoints;
import dev.braid.models.Decoder;
import dev.braid.optimizers.AdamW;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;

/** Training states in a folder, written and read by ranks without a run around them. */
public final class SavedTraining {
    private SavedTraining() {}

    /** Saves the state, on all ranks. */
    public static void save(Path folder, RankGroup ranks, Decoder model, AdamW optimizer) throws IOException {
        RunState state = new RunState(optimizer.updates(), 0, 0, 0, optimizer.updates(), 0);
        ModelCheckpoint.save(Checkpoints.in(folder), ranks, model, optimizer, state, Map.of());
    }

    /** Loads the newest state, on all ranks. */
    public static void resume(Path folder, RankGroup ranks, Decoder model, AdamW optimizer) throws IOException {
        Checkpoints checkpoints = Checkpoints.in(folder);
        try (CheckpointReader reader =
                checkpoints.open(checkpoints.latest().orElseThrow(), ranks.rank(), ranks.ranks())) {
            ModelCheckpoint.resume(reader, model, optimizer);
        }
    }
}
