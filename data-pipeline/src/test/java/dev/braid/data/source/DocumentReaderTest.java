package dev.braid.data.source;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.braid.data.DataException;
import dev.braid.data.source.Part.FilePart;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.zip.GZIPOutputStream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.parquet.example.data.Group;
import org.apache.parquet.example.data.simple.SimpleGroupFactory;
import org.apache.parquet.hadoop.ParquetWriter;
import org.apache.parquet.hadoop.example.ExampleParquetWriter;
import org.apache.parquet.io.LocalOutputFile;
import org.apache.parquet.schema.MessageType;
import org.apache.parquet.schema.MessageTypeParser;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DocumentReaderTest {
    @TempDir
    private Path folder;

    private final Configuration configuration = new Configuration();
    private final DocumentReader reader = new DocumentReader(configuration);

    private String address(String name) {
        return "file:" + folder.resolve(name);
    }

    private void file(String name, String content) throws IOException {
        Files.writeString(folder.resolve(name), content);
    }

    private List<String> read(String name) throws IOException {
        return read(name, 1L << 40);
    }

    private List<String> read(String name, long target) throws IOException {
        List<SourceFile> files = List.of(new SourceFile(address(name), name, Files.size(folder.resolve(name)), 0));
        List<String> documents = new ArrayList<>();
        for (FilePart part : FilePlan.parts(files, target)) {
            documents.addAll(read(part));
        }
        return documents;
    }

    private List<String> read(Part part) throws IOException {
        List<String> documents = new ArrayList<>();
        reader.read(part, (text, length) -> documents.add(new String(text, 0, length, StandardCharsets.UTF_8)));
        return documents;
    }

    @Test
    void shouldMakeAFileOneDocumentWhenItIsText() throws IOException {
        file("a.txt", "one\r\ntwo\0");
        assertThat(read("a.txt")).containsExactly("one\ntwo");
        assertThat(reader.counts().documents()).isEqualTo(1);
        assertThat(reader.counts().bytes()).isEqualTo(7);
        assertThat(reader.counts().characters()).isEqualTo(7);
    }

    @Test
    void shouldDropAFileWhenItIsEmptyOrBinary() throws IOException {
        file("a.txt", " \n");
        file("b.dat", "x\0y");
        assertThat(read("a.txt")).isEmpty();
        assertThat(read("b.dat")).isEmpty();
        assertThat(reader.counts().empty()).isEqualTo(1);
        assertThat(reader.counts().binary()).isEqualTo(1);
    }

    @Test
    void shouldUnpackWhenAFileIsGzip() throws IOException {
        try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(folder.resolve("a.txt.gz")))) {
            out.write("packed".getBytes(StandardCharsets.UTF_8));
        }
        try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(folder.resolve("b.jsonl.gz")))) {
            out.write("{\"text\":\"one\"}\n{\"text\":\"two\"}".getBytes(StandardCharsets.UTF_8));
        }
        assertThat(read("a.txt.gz")).containsExactly("packed");
        assertThat(read("b.jsonl.gz")).containsExactly("one", "two");
    }

    @Test
    void shouldReadTheFieldTextWhenLinesAreJson() throws IOException {
        file(
                "a.jsonl",
                "\ufeff{\"id\": {\"text\": 5}, \"text\": \"a\\u00e9\\n\\ud83d\"}\n\n  \r\n{\"text\":\"two\", \"n\":[1]}\r\n{\"text\":\"\"}");
        assertThat(read("a.jsonl")).containsExactly("a\u00e9\n\ufffd", "two");
        assertThat(reader.counts().empty()).isEqualTo(1);
    }

    @Test
    void shouldReadEachLineOnceWhenAFileIsCutAnywhere() throws IOException {
        StringBuilder content = new StringBuilder();
        List<String> expected = new ArrayList<>();
        for (int line = 0; line < 40; line++) {
            String text = "x".repeat(line % 7) + line;
            expected.add(text);
            content.append("{\"text\":\"").append(text).append(line % 3 == 0 ? "\"}\r\n" : "\"}\n");
        }
        file("a.jsonl", content.toString());
        for (long target = 1; target < 60; target++) {
            assertThat(read("a.jsonl", target)).as("parts of %d bytes", target).isEqualTo(expected);
        }
    }

    @Test
    void shouldNameFileAndLineWhenALineIsWrong() throws IOException {
        String good = "{\"text\":\"fine\"}\n";
        String fix = "; each line must be an object like {\"text\": \"a document\"}";
        file("a.jsonl", good + good + "{\"txt\":1, \"id\":2}\n" + good);
        assertThatThrownBy(() -> read("a.jsonl", 5))
                .isInstanceOf(DataException.class)
                .hasMessage(address("a.jsonl") + ":3: the line has no field 'text'; its fields are txt, id" + fix);
        file("b.jsonl", good + "[1]");
        assertThatThrownBy(() -> read("b.jsonl"))
                .hasMessage(address("b.jsonl") + ":2: the line is not a JSON object" + fix);
        file("c.jsonl", "{\"text\": 5}");
        assertThatThrownBy(() -> read("c.jsonl"))
                .hasMessage(address("c.jsonl") + ":1: the line has a field 'text' that is not a string" + fix);
        file("d.jsonl", good + "{\"text\": oops}");
        assertThatThrownBy(() -> read("d.jsonl"))
                .hasMessageStartingWith(address("d.jsonl") + ":2: the line is not JSON (Unrecognized token 'oops'")
                .hasMessageEndingWith(fix);
        file("e.jsonl", "{\"text\":\"a\"} {}");
        assertThatThrownBy(() -> read("e.jsonl"))
                .hasMessage(address("e.jsonl") + ":1: the line has more after its object" + fix);
        file("f.jsonl", "{\"text\":\"a\"");
        assertThatThrownBy(() -> read("f.jsonl"))
                .hasMessageStartingWith(address("f.jsonl") + ":1: the line is not JSON (");
        file("g.jsonl", "{}");
        assertThatThrownBy(() -> read("g.jsonl"))
                .hasMessage(address("g.jsonl") + ":1: the line has no field 'text'; its fields are none" + fix);
    }

    @Test
    void shouldRepairWhenALineIsNotUtf8() throws IOException {
        Files.write(
                folder.resolve("a.jsonl"),
                new byte[] {'{', '"', 't', 'e', 'x', 't', '"', ':', '"', (byte) 0xFF, '"', '}'});
        assertThat(read("a.jsonl")).containsExactly("\ufffd");
    }

    @Test
    void shouldReadEachTextEntryWhenAFileIsZip() throws IOException {
        try (ZipOutputStream zip = new ZipOutputStream(Files.newOutputStream(folder.resolve("a.zip")))) {
            for (String name : List.of("b.java", "folder/", "folder/a.md", "image.png")) {
                zip.putNextEntry(new ZipEntry(name));
                zip.write((name.endsWith("png") ? "\0PNG" : name.endsWith("/") ? "" : "text of " + name)
                        .getBytes(StandardCharsets.UTF_8));
            }
        }
        assertThat(read("a.zip")).containsExactly("text of b.java", "text of folder/a.md");
        assertThat(reader.counts().binary()).isEqualTo(1);
    }

    @Test
    void shouldNameTheFileWhenAnArchiveIsDamaged() throws IOException {
        file("a.zip", "this is no archive");
        String fix = "; it is damaged or not what its name says: replace it or take it out of the source";
        assertThatThrownBy(() -> read("a.zip"))
                .isInstanceOf(DataException.class)
                .hasMessage(address("a.zip") + " can't be unpacked: zip END header not found" + fix);
        file("a.txt.gz", "this is not gzip");
        assertThatThrownBy(() -> read("a.txt.gz"))
                .isInstanceOf(DataException.class)
                .hasMessage(address("a.txt.gz") + " can't be unpacked: Not in GZIP format" + fix);
        ByteArrayOutputStream packed = new ByteArrayOutputStream();
        try (OutputStream out = new GZIPOutputStream(packed)) {
            out.write("a long enough text".getBytes(StandardCharsets.UTF_8));
        }
        Files.write(folder.resolve("b.txt.gz"), Arrays.copyOf(packed.toByteArray(), packed.size() - 12));
        assertThatThrownBy(() -> read("b.txt.gz"))
                .isInstanceOf(DataException.class)
                .hasMessage(address("b.txt.gz") + " can't be unpacked: Unexpected end of ZLIB input stream" + fix);
    }

    private void parquet(String name, String schemaText, String... texts) throws IOException {
        MessageType schema = MessageTypeParser.parseMessageType(schemaText);
        try (ParquetWriter<Group> writer = ExampleParquetWriter.builder(new LocalOutputFile(folder.resolve(name)))
                .withType(schema)
                .withRowGroupSize(1_000L)
                .build()) {
            for (String text : texts) {
                Group group = new SimpleGroupFactory(schema).newGroup();
                if (text != null) {
                    group.add(schema.getFieldName(0), text);
                }
                writer.write(group);
            }
        }
    }

    @Test
    void shouldReadTheColumnTextWhenAFileIsParquet() throws IOException {
        parquet("a.parquet", "message m { optional binary text (STRING); optional int32 n; }", "one", null, "tw\u00f6");
        assertThat(read("a.parquet")).containsExactly("one", "tw\u00f6");
        assertThat(reader.counts().empty()).isEqualTo(1);
    }

    @Test
    void shouldReadEachRowOnceWhenAParquetFileIsCut() throws IOException {
        String[] texts = new String[3_000];
        Arrays.setAll(texts, row -> "row " + row + " " + "y".repeat(row % 50));
        parquet("a.parquet", "message m { required binary text (STRING); }", texts);
        assertThat(read("a.parquet", 5_000)).containsExactly(texts);
    }

    @Test
    void shouldNameTheFileWhenParquetIsNotAsNeeded() throws IOException {
        parquet("a.parquet", "message m { required binary body (STRING); }", "x");
        assertThatThrownBy(() -> read("a.parquet"))
                .isInstanceOf(DataException.class)
                .hasMessage(address("a.parquet")
                        + " has no column 'text'; its columns are body; write the documents as a string column 'text'");
        parquet("b.parquet", "message m { repeated binary text (STRING); }", "x");
        assertThatThrownBy(() -> read("b.parquet"))
                .hasMessage(address("b.parquet")
                        + ": the column 'text' is repeated binary text (STRING); it must be a string");
        file("c.parquet", "this is not parquet at all");
        assertThatThrownBy(() -> read("c.parquet"))
                .isInstanceOf(DataException.class)
                .hasMessageStartingWith(address("c.parquet") + " can't be read as Parquet: ")
                .hasMessageContaining("is not a Parquet file");
    }

    @Test
    void shouldStopWhenTheLimitIsReached() throws IOException {
        file("a.jsonl", "{\"text\":\"12345\"}\n{\"text\":\"678\"}\n{\"text\":\"90\"}\n");
        FilePart part = FilePlan.parts(List.of(new SourceFile(address("a.jsonl"), "a.jsonl", 46, 0)), 1000)
                .get(0);
        assertThat(read(part.limitedTo(5))).containsExactly("12345");
        assertThat(read(part.limitedTo(6))).containsExactly("12345", "678");
        assertThat(read(part.limitedTo(9))).containsExactly("12345", "678", "90");
    }
}
