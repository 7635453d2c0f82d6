package dev.braid.checkpoint.huggingface;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.braid.checkpoint.Attempt;
import dev.braid.checkpoint.Band;
import dev.braid.checkpoint.CheckpointReader;
import dev.braid.checkpoint.Checkpoints;
import dev.braid.checkpoint.SliceFile;
import dev.braid.checkpoint.SliceWriter;
import dev.braid.checkpoint.Weights;
import dev.braid.tensor.Category;
import dev.braid.tensor.DType;
import dev.braid.tensor.Memory;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A model that ranks have saved in bands and ranges exports to the same bytes as one in the memory of one process. */
class ShardedExportTest {
    private static final LlamaShape LLAMA = TinyModel.shape(false, false, false);
    private static final int TENSOR_RANKS = 2;
    private static final int SHARDS = 3;

    @TempDir
    Path folder;

    private final Memory memory = new Memory();

    @AfterEach
    void free() {
        memory.close();
    }

    @Test
    void shouldExportTheSameBytesFromAnyLayout() throws IOException {
        Map<String, Tensor> weights = TinyModel.weights(memory, LLAMA);
        Path expected = folder.resolve("expected");
        HuggingFaceExport.write(LlamaFamily.describe(LLAMA), Weights.of(weights), DType.BF16, Map.of(), expected);
        Checkpoints checkpoints = Checkpoints.in(folder.resolve("checkpoints"));
        save(checkpoints, weights);
        Path found = folder.resolve("found");
        try (CheckpointReader reader = checkpoints.open(1)) {
            HuggingFaceExport.write(LlamaFamily.describe(LLAMA), reader.weights("model/"), DType.BF16, Map.of(), found);
        }
        assertThat(found.resolve("model.safetensors")).hasSameBinaryContentAs(expected.resolve("model.safetensors"));
    }

    /** Each tensor rank has one half of the columns (all of a vector's), each shard one third of that. */
    private void save(Checkpoints checkpoints, Map<String, Tensor> weights) throws IOException {
        Attempt attempt = checkpoints.plan(1);
        List<SliceFile> files = new ArrayList<>();
        for (int rank = 0; rank < SHARDS * TENSOR_RANKS; rank++) {
            try (SliceWriter writer = checkpoints.writer(attempt, rank)) {
                for (Map.Entry<String, Tensor> weight : weights.entrySet()) {
                    add(
                            writer,
                            "model/" + weight.getKey(),
                            weight.getValue(),
                            rank / TENSOR_RANKS,
                            rank % TENSOR_RANKS);
                }
                files.add(writer.finish());
            }
        }
        checkpoints.commit(attempt, JsonNodeFactory.instance.objectNode(), files);
    }

    private void add(SliceWriter writer, String name, Tensor whole, int shard, int tensorRank) throws IOException {
        Shape shape = whole.shape();
        boolean divided = shape.rank() > 1;
        if (!divided && tensorRank > 0) {
            return;
        }
        long first = divided ? shape.columns() * tensorRank / TENSOR_RANKS : 0;
        long end = divided ? shape.columns() * (tensorRank + 1) / TENSOR_RANKS : shape.columns();
        Band band = new Band(first, end - first);
        Tensor columns = memory.zeros(Category.PARAMETERS, DType.F32, Shape.of(band.count(shape)));
        for (long i = 0; i < columns.count(); i++) {
            columns.set(i, whole.get(i / band.columns() * shape.columns() + first + i % band.columns()));
        }
        long from = columns.count() * shard / SHARDS;
        long to = columns.count() * (shard + 1) / SHARDS;
        writer.add(name, shape, band, from, columns, from, to - from);
    }
}
