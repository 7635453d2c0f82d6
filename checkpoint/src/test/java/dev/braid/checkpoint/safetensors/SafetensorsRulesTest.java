package dev.braid.checkpoint.safetensors;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.braid.checkpoint.InvalidFileException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Each rule of the format, broken once. */
class SafetensorsRulesTest {
    @TempDir
    Path folder;

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '~', textBlock = """
            {"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}} | Duplicate field 'a'
            {"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}} x                        | its header is not valid JSON
            {"a":                                                                           | its header is not valid JSON
            {"a":{"dtype":"F31","shape":[1],"data_offsets":[0,4]}}                          | tensor "a": dtype "F31" is not known
            {"a":{"shape":[1],"data_offsets":[0,4]}}                                        | tensor "a": dtype missing is not known
            {"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}                         | tensor "a": shape must be an array of integers of 0 or more, but is [-1]
            {"a":{"dtype":"F32","shape":[1.5],"data_offsets":[0,4]}}                        | tensor "a": shape must be an array
            {"a":{"dtype":"F32","data_offsets":[0,4]}}                                      | shape must be an array of integers of 0 or more, but is missing
            {"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,4]}}      | has more elements than a file can hold
            {"a":{"dtype":"F64","shape":[4294967296,1073741824],"data_offsets":[0,4]}}      | has more elements than a file can hold
            {"a":{"dtype":"F4","shape":[1],"data_offsets":[0,1]}}                           | tensor "a": F4 [1] does not fill whole bytes
            {"a":{"dtype":"F32","shape":[1],"data_offsets":[0]}}                            | data_offsets must be two integers of 0 or more, but is [0]
            {"a":{"dtype":"F32","shape":[1],"data_offsets":[-4,0]}}                         | data_offsets must be two integers of 0 or more
            {"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}                          | data_offsets [0, 4] must span 8 bytes, as F32 [2] needs
            {"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}                          | data_offsets [4, 0] must span 4 bytes
            {"a":[1]}                                                                       | tensor "a": its entry must be an object
            {"__metadata__":{"n":1}}                                                        | __metadata__ key "n" must be a string
            {"__metadata__":"pt"}                                                           | __metadata__ must be an object of strings
            {"a":{"dtype":"I16","shape":[1],"data_offsets":[0,2]},"b":{"dtype":"I16","shape":[1],"data_offsets":[1,3]}} | tensor "b": its data starts at 1, inside another tensor's that ends at 2
            {"a":{"dtype":"I8","shape":[1],"data_offsets":[0,1]},"b":{"dtype":"I8","shape":[1],"data_offsets":[2,3]}}   | tensor "b": its data starts at 2, which leaves a hole after 1
            {"a":{"dtype":"I8","shape":[3],"data_offsets":[0,3]}}                           | its tensors take 3 bytes, but 4 bytes follow the header
            {"a":{"dtype":"I8","shape":[5],"data_offsets":[0,5]}}                           | its tensors take 5 bytes, but 4 bytes follow the header: the file is cut short
            """)
    void shouldRefuseAHeaderThatBreaksARule(String header, String message) throws IOException {
        Path file = RawFile.write(folder, header, 0, 0, 0, 0);
        assertThatThrownBy(() -> SafetensorsFile.open(file))
                .isInstanceOf(InvalidFileException.class)
                .hasMessageStartingWith(file + " is not a valid safetensors file: ")
                .hasMessageContaining(message);
    }

    @Test
    void shouldRefuseAHeaderThatDoesNotStartWithABrace() throws IOException {
        Path file = RawFile.write(folder, " {}");
        assertThatThrownBy(() -> SafetensorsFile.open(file))
                .hasMessage(file + " is not a safetensors file: its header does not start with '{'");
    }

    @Test
    void shouldRefuseAHeaderThatIsNotUtf8() throws IOException {
        Path file = folder.resolve("bad.safetensors");
        Files.write(file, new byte[] {3, 0, 0, 0, 0, 0, 0, 0, '{', (byte) 0xFF, '}'});
        assertThatThrownBy(() -> SafetensorsFile.open(file)).hasMessageContaining("its header is not UTF-8");
    }

    @Test
    void shouldRefuseAHeaderLargerThanTheFile() throws IOException {
        Path file = folder.resolve("large.safetensors");
        Files.write(file, new byte[] {100, 0, 0, 0, 0, 0, 0, 0, '{', '}'});
        assertThatThrownBy(() -> SafetensorsFile.open(file))
                .hasMessageContaining(
                        "it announces a header of 100 bytes; allowed are 2 to 2 in this file of 10 bytes");
    }

    @Test
    void shouldRefuseAHeaderSizeBeyondTheFormatsLimit() throws IOException {
        Path file = folder.resolve("huge.safetensors");
        Files.write(file, new byte[] {-1, -1, -1, -1, -1, -1, -1, -1, '{', '}'});
        assertThatThrownBy(() -> SafetensorsFile.open(file))
                .hasMessageContaining("it announces a header of 18446744073709551615 bytes");
    }

    @Test
    void shouldRefuseAFileTooShortForAHeader() throws IOException {
        Path file = Files.write(folder.resolve("short.safetensors"), new byte[] {1, 2, 3});
        assertThatThrownBy(() -> SafetensorsFile.open(file))
                .hasMessage(file + " is not a safetensors file: it has only 3 bytes");
    }

    @Test
    void shouldNameAMissingFile() {
        Path file = folder.resolve("none.safetensors");
        assertThatThrownBy(() -> SafetensorsFile.open(file))
                .isInstanceOf(InvalidFileException.class)
                .hasMessage("there is no file " + file);
    }
}
