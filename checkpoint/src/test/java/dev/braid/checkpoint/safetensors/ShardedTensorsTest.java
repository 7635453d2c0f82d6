package dev.braid.checkpoint.safetensors;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.braid.checkpoint.InvalidFileException;
import dev.braid.tensor.Shape;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ShardedTensorsTest {
    @TempDir
    Path folder;

    @Test
    void shouldSayWhatIsMissingInAFolderWithoutTensors() {
        refused(folder + " has neither model.safetensors nor model.safetensors.index.json");
    }

    @Test
    void shouldPointToSafetensorsWhenThereIsOnlyAPickle() throws IOException {
        Files.writeString(folder.resolve("pytorch_model.bin"), "");
        refused("pytorch_model.bin is not read: save the model as safetensors");
    }

    @Test
    void shouldRefuseAnIndexThatIsNotJson() throws IOException {
        index("{");
        refused("model.safetensors.index.json is not valid JSON");
    }

    @Test
    void shouldRefuseAnIndexWithoutWeightMap() throws IOException {
        index("{\"weight_map\":[]}");
        refused("has no object \"weight_map\" from tensor names to files");
    }

    @Test
    void shouldRefuseAnIndexEntryThatIsNoFileName() throws IOException {
        index("{\"weight_map\":{\"a\":1}}");
        refused("weight_map key \"a\" must be the name of a file");
    }

    @Test
    void shouldRefuseAFileNameThatLeavesTheFolder() throws IOException {
        index("{\"weight_map\":{\"a\":\"../a.safetensors\"}}");
        refused("names the file \"../a.safetensors\", which is not a plain file name");
    }

    @Test
    void shouldNameAMissingShard() throws IOException {
        index("{\"weight_map\":{\"a\":\"one.safetensors\"}}");
        refused("names the file one.safetensors, which is missing in " + folder);
    }

    @Test
    void shouldListAllTensorsOnWhichIndexAndFilesDisagree() throws IOException {
        SafetensorsWriter.write(
                folder.resolve("one.safetensors"), List.of(Entry.of("b", Shape.of(1), new float[] {1})), Map.of());
        index("{\"weight_map\":{\"a\":\"one.safetensors\"}}");
        refused("does not fit its files: \"a\" is not in one.safetensors; "
                + "\"b\" is in one.safetensors but the index does not say so");
    }

    private void index(String content) throws IOException {
        Files.writeString(folder.resolve("model.safetensors.index.json"), content);
    }

    private void refused(String message) {
        assertThatThrownBy(() -> ShardedTensors.open(folder))
                .isInstanceOf(InvalidFileException.class)
                .hasMessageContaining(message);
    }
}
