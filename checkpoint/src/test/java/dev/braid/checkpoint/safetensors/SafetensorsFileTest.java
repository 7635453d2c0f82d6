package dev.braid.checkpoint.safetensors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.braid.checkpoint.InvalidFileException;
import dev.braid.tensor.Category;
import dev.braid.tensor.DType;
import dev.braid.tensor.Memory;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SafetensorsFileTest {
    @TempDir
    Path folder;

    @Test
    void shouldReadLiteralBytesOfEachFloatType() throws IOException {
        Path file = RawFile.write(
                folder,
                """
                {"__metadata__":{"format":"pt"},
                 "a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},
                 "b":{"dtype":"BF16","shape":[2],"data_offsets":[4,8]},
                 "c":{"dtype":"F16","shape":[2,1],"data_offsets":[8,12]}}  \s""",
                // 1.5f, bf16 1.0 and -2.0, f16 0.5 and the smallest subnormal 2^-24
                0,
                0,
                0xC0,
                0x3F,
                0x80,
                0x3F,
                0x00,
                0xC0,
                0x00,
                0x38,
                0x01,
                0x00);
        try (SafetensorsFile tensors = SafetensorsFile.open(file)) {
            assertThat(tensors.metadata()).containsExactly(Map.entry("format", "pt"));
            assertThat(tensors.tensors().keySet()).containsExactly("a", "b", "c");
            assertThat(tensors.tensor("c").shape()).isEqualTo(Shape.of(2, 1));
            assertThat(tensors.floats("a")).containsExactly(1.5f);
            assertThat(tensors.floats("b")).containsExactly(1, -2);
            assertThat(tensors.floats("c")).containsExactly(0.5f, 0x1p-24f);
        }
    }

    @Test
    void shouldReadIntegersAsEitherWidth() throws IOException {
        Path file = RawFile.write(
                folder, """
                {"l":{"dtype":"I64","shape":[2],"data_offsets":[0,16]},
                 "i":{"dtype":"I32","shape":[],"data_offsets":[16,20]}}""", 1, 0, 0, 0, 0, 0, 0, 0, 0x9C, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 7, 1, 0, 0);
        try (SafetensorsFile tensors = SafetensorsFile.open(file)) {
            assertThat(tensors.longs("l")).containsExactly(1, -100);
            assertThat(tensors.ints("l")).containsExactly(1, -100);
            assertThat(tensors.ints("i")).containsExactly(263);
            assertThat(tensors.longs("i")).containsExactly(263);
        }
    }

    @Test
    void shouldReadARangeIntoATensorOfAnotherDtype() throws IOException {
        // f32 1, 2, 3
        Path file = RawFile.write(
                folder,
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[0,12]}}",
                0,
                0,
                0x80,
                0x3F,
                0,
                0,
                0,
                0x40,
                0,
                0,
                0x40,
                0x40);
        try (SafetensorsFile tensors = SafetensorsFile.open(file);
                Memory memory = new Memory()) {
            Tensor target = memory.zeros(Category.PARAMETERS, DType.BF16, Shape.of(4));
            tensors.read("a", 1, 2, target, 2);
            assertThat(target.toFloats()).containsExactly(0, 0, 2, 3);
        }
    }

    @Test
    void shouldAllowEmptyTensorsAndNoTensorsAtAll() throws IOException {
        Path empty = RawFile.write(folder, "{\"a\":{\"dtype\":\"F32\",\"shape\":[0,3],\"data_offsets\":[0,0]}}");
        try (SafetensorsFile tensors = SafetensorsFile.open(empty)) {
            assertThat(tensors.floats("a")).isEmpty();
        }
        try (SafetensorsFile tensors = SafetensorsFile.open(RawFile.write(folder, "{}"))) {
            assertThat(tensors.tensors()).isEmpty();
        }
    }

    @Test
    void shouldListTensorsOfTypesThatItCannotConvert() throws IOException {
        Path file = RawFile.write(folder, "{\"a\":{\"dtype\":\"F4\",\"shape\":[2],\"data_offsets\":[0,1]}}", 0x21);
        try (SafetensorsFile tensors = SafetensorsFile.open(file)) {
            assertThat(tensors.tensor("a").type()).isEqualTo(ElementType.F4);
            assertThatThrownBy(() -> tensors.floats("a"))
                    .isInstanceOf(InvalidFileException.class)
                    .hasMessage(file
                            + ": tensor \"a\" has dtype F4, which cannot be read as F32; allowed: F32, BF16 or F16");
        }
    }

    @Test
    void shouldRefuseIntegersOutOfFloatsAndFloatsOutOfIntegers() throws IOException {
        Path file = RawFile.write(folder, """
                {"f":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},
                 "i":{"dtype":"I32","shape":[1],"data_offsets":[4,8]}}""", 0, 0, 0, 0, 0, 0, 0, 0);
        try (SafetensorsFile tensors = SafetensorsFile.open(file)) {
            assertThatThrownBy(() -> tensors.ints("f")).hasMessageContaining("allowed: I64 or I32");
            assertThatThrownBy(() -> tensors.floats("i")).hasMessageContaining("allowed: F32, BF16 or F16");
        }
    }

    @Test
    void shouldReadSignedBytesAsThemselvesAlone() throws IOException {
        Path file = RawFile.write(folder, """
                {"b":{"dtype":"I8","shape":[2],"data_offsets":[0,2]},
                 "u":{"dtype":"U8","shape":[2],"data_offsets":[2,4]}}""", 127, 0x80, 1, 2);
        try (SafetensorsFile tensors = SafetensorsFile.open(file);
                Memory memory = new Memory()) {
            Tensor target = memory.zeros(Category.WORKSPACE, DType.I8, Shape.of(2));
            tensors.read("b", 0, 2, target, 0);
            assertThat(target.toFloats()).containsExactly(127f, -128f);
            assertThatThrownBy(() -> tensors.read("u", 0, 2, target, 0)).hasMessageContaining("allowed: I8");
        }
    }

    @Test
    void shouldRefuseALongThatDoesNotFitAnInt() throws IOException {
        Path file = RawFile.write(
                folder, "{\"l\":{\"dtype\":\"I64\",\"shape\":[1],\"data_offsets\":[0,8]}}", 0, 0, 0, 0x80, 0, 0, 0, 0);
        try (SafetensorsFile tensors = SafetensorsFile.open(file)) {
            assertThatThrownBy(() -> tensors.ints("l"))
                    .isInstanceOf(InvalidFileException.class)
                    .hasMessage(file + ": tensor \"l\" has a value that does not fit 32 bits");
        }
    }

    @Test
    void shouldReadBehindTwoGibibytes() throws IOException {
        // 2^30 values of 4 bytes, of which only the last is on the disk: the file is sparse.
        String header = "{\"a\":{\"dtype\":\"I32\",\"shape\":[1073741824],\"data_offsets\":[0,4294967296]}}";
        Path file = RawFile.write(folder, header);
        long end = Files.size(file) + (4L << 30);
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            channel.write(ByteBuffer.wrap(new byte[] {7, 0, 0, 1}), end - 4);
        }
        int[] last = new int[2];
        try (SafetensorsFile tensors = SafetensorsFile.open(file)) {
            tensors.read("a", (1L << 30) - 2, 2, ElementType.I32, MemorySegment.ofArray(last));
        }
        assertThat(last).containsExactly(0, 0x01000007);
    }

    @Test
    void shouldRefuseATensorThatNoArrayHolds() throws IOException {
        String header = "{\"a\":{\"dtype\":\"F4\",\"shape\":[4294967296],\"data_offsets\":[0,2147483648]}}";
        Path file = RawFile.write(folder, header);
        long end = Files.size(file) + (2L << 30);
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            channel.write(ByteBuffer.allocate(1), end - 1);
        }
        try (SafetensorsFile tensors = SafetensorsFile.open(file)) {
            assertThatThrownBy(() -> tensors.floats("a"))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage(
                            file + ": tensor \"a\" has 4294967296 elements: too many for an array, read it in ranges");
        }
    }

    @Test
    void shouldNameTheTensorsThereAreWhenOneIsMissing() throws IOException {
        Path file = RawFile.write(folder, "{\"a\":{\"dtype\":\"I8\",\"shape\":[1],\"data_offsets\":[0,1]}}", 1);
        try (SafetensorsFile tensors = SafetensorsFile.open(file)) {
            assertThatThrownBy(() -> tensors.floats("b")).hasMessage(file + " has no tensor \"b\"; it has [a]");
        }
    }

    @Test
    void shouldRefuseRangesAndTensorsThatDoNotFit() throws IOException {
        Path file =
                RawFile.write(folder, "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", 0, 0, 0, 0);
        try (SafetensorsFile tensors = SafetensorsFile.open(file);
                Memory memory = new Memory()) {
            Tensor target = memory.zeros(Category.PARAMETERS, DType.F32, Shape.of(2));
            assertThatThrownBy(() -> tensors.read("a", target))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage(file + ": tensor \"a\" is F32 [1], which does not fit F32[2]");
            assertThatThrownBy(() -> tensors.read("a", 0, 2, target, 0))
                    .isInstanceOf(IndexOutOfBoundsException.class)
                    .hasMessageContaining("elements 0 until 2");
        }
    }
}
