package dev.braid.checkpoint.huggingface;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.braid.checkpoint.InvalidFileException;
import dev.braid.checkpoint.Weights;
import dev.braid.checkpoint.safetensors.Entry;
import dev.braid.checkpoint.safetensors.SafetensorsFile;
import dev.braid.checkpoint.safetensors.SafetensorsWriter;
import dev.braid.tensor.Category;
import dev.braid.tensor.DType;
import dev.braid.tensor.Memory;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TensorMapTest {
    private static final Map<String, Shape> SHAPES = shapes();

    @TempDir
    Path folder;

    private final Memory memory = new Memory();

    @AfterEach
    void free() {
        memory.close();
    }

    @Test
    void shouldWriteTheRowsOfSeveralParametersAsOneTensor() throws IOException {
        Path out = export();
        try (SafetensorsFile tensors = SafetensorsFile.open(out.resolve("model.safetensors"))) {
            assertThat(tensors.tensor("in_proj.weight").shape()).isEqualTo(Shape.of(3, 2));
            assertThat(tensors.floats("in_proj.weight")).containsExactly(0, 1, 10, 11, 12, 13);
            assertThat(tensors.tensor("conv1d.weight").shape()).isEqualTo(Shape.of(2, 1, 3));
            assertThat(tensors.floats("conv1d.weight")).containsExactly(20, 21, 22, 23, 24, 25);
            assertThat(tensors.tensor("x_r").shape()).isEqualTo(Shape.of(1, 1, 2));
            assertThat(tensors.floats("x_r")).containsExactly(30, 31);
        }
    }

    @Test
    void shouldReadEachParameterOutOfItsRows() throws IOException {
        Path out = export();
        try (HuggingFaceImport read = HuggingFaceImport.open(out, map())) {
            Weights weights = read.weights();
            assertThat(weights.names()).containsExactly("z", "x", "conv", "shift");
            assertThat(weights.shape("x")).isEqualTo(Shape.of(2, 2));
            assertThat(TinyModel.floats(weights, "z")).containsExactly(0, 1);
            assertThat(TinyModel.floats(weights, "x")).containsExactly(10, 11, 12, 13);
            assertThat(TinyModel.floats(weights, "conv")).containsExactly(20, 21, 22, 23, 24, 25);
            float[] middle = new float[2];
            weights.read("x", 1, 2, MemorySegment.ofArray(middle));
            assertThat(middle).containsExactly(11, 12);
        }
    }

    @Test
    void shouldNameTheTensorThatDoesNotHaveTheRowsOfItsParts() throws IOException {
        Path out = export();
        Map<String, Shape> larger = shapes();
        larger.put("x", Shape.of(4, 2));
        assertThatThrownBy(() -> HuggingFaceImport.open(out, map(larger)))
                .isInstanceOf(InvalidFileException.class)
                .hasMessageContaining("\"in_proj.weight\" is [3, 2] but must be [5, 2]");
    }

    @Test
    void shouldReadRowsOutOfTheTensorsThatAnotherWriterHasInPlaceOfOne() throws IOException {
        Path out = export();
        TensorMap other = TensorMap.of(SHAPES)
                .put("conv1d.weight.left", "conv")
                .putReshaped("x_r", extents -> Shape.of(1, 1, extents.count()), "shift")
                .put("whole.weight", "z", "x")
                .substitute("conv1d.weight.left", "conv1d.weight")
                .substitute("whole.weight", "in_proj.weight")
                .build();
        assertThatThrownBy(() -> HuggingFaceImport.open(out, other))
                .hasMessageContaining("\"conv1d.weight\" is [2, 1, 3] but must be [2, 3]");
        SafetensorsWriter.write(
                out.resolve("model.safetensors"),
                List.of(
                        Entry.of("first", Shape.of(2, 2), new float[] {0, 1, 10, 11}),
                        Entry.of("second", Shape.of(1, 2), new float[] {12, 13})),
                Map.of());
        Map<String, Shape> shapes = new LinkedHashMap<>();
        shapes.put("z", Shape.of(1, 2));
        shapes.put("x", Shape.of(2, 2));
        TensorMap split = TensorMap.of(shapes)
                .put("in_proj.weight", "z", "x")
                .substitute("in_proj.weight", "first", "second")
                .build();
        try (HuggingFaceImport read = HuggingFaceImport.open(out, split)) {
            assertThat(TinyModel.floats(read.weights(), "z")).containsExactly(0, 1);
            assertThat(TinyModel.floats(read.weights(), "x")).containsExactly(10, 11, 12, 13);
        }
        shapes.put("x", Shape.of(3, 2));
        TensorMap larger = TensorMap.of(shapes)
                .put("in_proj.weight", "z", "x")
                .substitute("in_proj.weight", "first", "second")
                .build();
        assertThatThrownBy(() -> HuggingFaceImport.open(out, larger))
                .hasMessageContaining("\"first\" and \"second\" together are [3, 2] but must be [4, 2]");
    }

    @Test
    void shouldRefuseToLeaveAParameterOutOrToPlaceItTwice() {
        assertThatThrownBy(() ->
                        TensorMap.of(SHAPES).put("in_proj.weight", "z", "x").build())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("no tensor of the folder holds the parameters [conv, shift]");
        assertThatThrownBy(() -> TensorMap.of(Map.of("z", Shape.of(1)))
                        .put("one", "z")
                        .put("other", "z")
                        .build())
                .hasMessage("parameter \"z\" has two places in the folder");
        assertThatThrownBy(() -> TensorMap.of(Map.of("z", Shape.of(1))).put("one", "y"))
                .hasMessage("the model has no parameter \"y\", only [z]");
        assertThatThrownBy(
                        () -> TensorMap.of(Map.of("z", Shape.of(3))).putReshaped("one", extents -> Shape.of(2, 2), "z"))
                .hasMessageStartingWith("tensor \"one\" of [2, 2] does not consist of the 3 elements of ");
    }

    @Test
    void shouldLeaveOutATensorOfWhichTheModelHasNoPart() {
        TensorMap map = TensorMap.of(Map.of("z", Shape.of(1)))
                .put("one", "z")
                .putIfPresent("bias", "z_bias")
                .build();
        assertThat(map.places()).extracting(TensorMap.Place::name).containsExactly("one");
    }

    /** Two experts [2, 3] of a parameter, of which the folder has the transposes. */
    private static TensorMap experts() {
        TensorMap.Builder map = TensorMap.of(Map.of("experts", Shape.of(2, 2, 3)));
        return map.put("0.weight", Shape.of(3, 2), List.of(map.turned("experts", 0, 2, 3, 1)))
                .put("1.weight", Shape.of(3, 2), List.of(map.turned("experts", 6, 2, 3, 1)))
                .alternative("all", Shape.of(2, 2, 3), List.of(map.run("experts", 0, 12)))
                .build();
    }

    private Path exportExperts() throws IOException {
        Tensor tensor = memory.zeros(Category.PARAMETERS, DType.F32, Shape.of(2, 2, 3));
        for (int i = 0; i < 12; i++) {
            tensor.set(i, i);
        }
        Path out = folder.resolve("experts");
        ObjectNode config = JsonNodeFactory.instance.objectNode().put("model_type", "toy");
        HuggingFaceModel model = new HuggingFaceModel(config, experts(), 8, OptionalInt.empty(), OptionalInt.empty());
        HuggingFaceExport.write(model, Weights.of(Map.of("experts", tensor)), DType.F32, Map.of(), out);
        return out;
    }

    @Test
    void shouldWriteTheTransposeOfEachExpertAsATensor() throws IOException {
        try (SafetensorsFile tensors = SafetensorsFile.open(exportExperts().resolve("model.safetensors"))) {
            assertThat(tensors.tensors().keySet()).containsExactlyInAnyOrder("0.weight", "1.weight");
            assertThat(tensors.tensor("1.weight").shape()).isEqualTo(Shape.of(3, 2));
            assertThat(tensors.floats("0.weight")).containsExactly(0, 3, 1, 4, 2, 5);
            assertThat(tensors.floats("1.weight")).containsExactly(6, 9, 7, 10, 8, 11);
        }
    }

    @Test
    void shouldReadRangesThatReachFromOneExpertIntoTheNext() throws IOException {
        try (HuggingFaceImport read = HuggingFaceImport.open(exportExperts(), experts())) {
            assertThat(TinyModel.floats(read.weights(), "experts"))
                    .containsExactly(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11);
            float[] middle = new float[5];
            read.weights().read("experts", 4, 5, MemorySegment.ofArray(middle));
            assertThat(middle).containsExactly(4, 5, 6, 7, 8);
        }
    }

    @Test
    void shouldReadTheTensorThatAnotherWriterHasInPlaceOfSeveral() throws IOException {
        float[] values = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
        SafetensorsWriter.write(
                folder.resolve("model.safetensors"), List.of(Entry.of("all", Shape.of(2, 2, 3), values)), Map.of());
        try (HuggingFaceImport read = HuggingFaceImport.open(folder, experts())) {
            assertThat(TinyModel.floats(read.weights(), "experts")).containsExactly(values);
        }
    }

    @Test
    void shouldRefuseAFolderWithBothLayouts() throws IOException {
        SafetensorsWriter.write(
                folder.resolve("model.safetensors"),
                List.of(
                        Entry.of("all", Shape.of(2, 2, 3), new float[12]),
                        Entry.of("1.weight", Shape.of(3, 2), new float[6])),
                Map.of());
        assertThatThrownBy(() -> HuggingFaceImport.open(folder, experts()))
                .hasMessageContaining("\"1.weight\" has no place in the model");
    }

    @Test
    void shouldNameElementsWithoutAPlace() {
        TensorMap.Builder map = TensorMap.of(Map.of("experts", Shape.of(2, 2, 3)));
        map.put("0.weight", Shape.of(3, 2), List.of(map.turned("experts", 0, 2, 3, 1)));
        assertThatThrownBy(map::build)
                .hasMessage("elements 6 to 12 of the parameter \"experts\" have no place in the folder");
    }

    private Path export() throws IOException {
        Map<String, Tensor> weights = new LinkedHashMap<>();
        SHAPES.forEach((name, shape) -> {
            Tensor tensor = memory.zeros(Category.PARAMETERS, DType.F32, shape);
            for (long i = 0; i < tensor.count(); i++) {
                tensor.set(i, 10 * weights.size() + i);
            }
            weights.put(name, tensor);
        });
        ObjectNode config = JsonNodeFactory.instance.objectNode().put("model_type", "toy");
        HuggingFaceModel model = new HuggingFaceModel(config, map(), 8, OptionalInt.empty(), OptionalInt.empty());
        Path out = folder.resolve("out");
        HuggingFaceExport.write(model, Weights.of(weights), DType.F32, Map.of(), out);
        return out;
    }

    private static TensorMap map() {
        return map(SHAPES);
    }

    private static TensorMap map(Map<String, Shape> shapes) {
        return TensorMap.of(shapes)
                .put("in_proj.weight", "z", "x")
                .putConvolution("conv1d.weight", "conv")
                .putReshaped("x_r", extents -> Shape.of(1, 1, extents.count()), "shift")
                .build();
    }

    private static Map<String, Shape> shapes() {
        Map<String, Shape> shapes = new LinkedHashMap<>();
        shapes.put("z", Shape.of(1, 2));
        shapes.put("x", Shape.of(2, 2));
        shapes.put("conv", Shape.of(2, 3));
        shapes.put("shift", Shape.of(2));
        return shapes;
    }
}
