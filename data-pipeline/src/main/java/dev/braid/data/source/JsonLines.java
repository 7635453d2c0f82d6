package dev.braid.data.source;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import dev.braid.data.DataException;
import dev.braid.data.source.DocumentReader.RawDocuments;
import dev.braid.data.source.Part.FilePart;
import dev.braid.data.store.Store;
import dev.braid.data.tokenizer.Utf8;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.Path;

/** Each line is a JSON object whose field {@code text} is a document. Empty lines are passed over. */
final class JsonLines {
    private static final String FIELD = "text";
    private static final JsonFactory JSON = new JsonFactory();

    private final FilePart part;
    private final Configuration configuration;

    private JsonLines(FilePart part, Configuration configuration) {
        this.part = part;
        this.configuration = configuration;
    }

    static void read(FilePart part, Configuration configuration, RawDocuments documents) throws IOException {
        new JsonLines(part, configuration).read(documents);
    }

    /** A line belongs to the part in which its first byte lies. */
    private void read(RawDocuments documents) throws IOException {
        try (InputStream in = open()) {
            LineReader lines = new LineReader(in, Math.max(0, part.start() - 1));
            if (part.start() > 0) {
                lines.next();
            }
            boolean more = true;
            while (more && (part.format().gzip() || lines.position() < part.end())) {
                long start = lines.position();
                if (!lines.next()) {
                    break;
                }
                if (!isBlank(lines)) {
                    byte[] text = Utf8.bytes(text(lines, start));
                    more = documents.document(text, text.length, true);
                }
            }
        }
    }

    private InputStream open() throws IOException {
        if (part.format().gzip()) {
            return TextFiles.open(part, configuration);
        }
        Path path = new Path(part.address());
        FSDataInputStream in = Store.fileSystem(path, configuration).open(path);
        in.seek(Math.max(0, part.start() - 1));
        return in;
    }

    private static boolean isBlank(LineReader line) {
        for (int index = 0; index < line.length(); index++) {
            if (line.bytes()[index] > ' ' || line.bytes()[index] < 0) {
                return false;
            }
        }
        return true;
    }

    private String text(LineReader line, long start) throws IOException {
        int skipped = start == 0 && hasByteOrderMark(line) ? 3 : 0;
        boolean valid = Utf8.firstInvalid(line.bytes(), 0, line.length()) == line.length();
        try (JsonParser parser = valid
                ? JSON.createParser(line.bytes(), skipped, line.length() - skipped)
                : JSON.createParser(
                        new String(line.bytes(), skipped, line.length() - skipped, StandardCharsets.UTF_8))) {
            if (parser.nextToken() != JsonToken.START_OBJECT) {
                throw wrong(start, "is not a JSON object", null);
            }
            return text(parser, start);
        } catch (JsonProcessingException problem) {
            throw wrong(start, "is not JSON (" + problem.getOriginalMessage() + ")", problem);
        }
    }

    private static boolean hasByteOrderMark(LineReader line) {
        byte[] bytes = line.bytes();
        return line.length() >= 3 && bytes[0] == (byte) 0xEF && bytes[1] == (byte) 0xBB && bytes[2] == (byte) 0xBF;
    }

    private String text(JsonParser parser, long start) throws IOException {
        List<String> fields = new ArrayList<>();
        String text = null;
        while (parser.nextToken() != JsonToken.END_OBJECT) {
            if (parser.currentToken() == null) {
                throw wrong(start, "is not JSON (it ends within the object)", null);
            }
            String field = parser.currentName();
            JsonToken value = parser.nextToken();
            fields.add(field);
            if (field.equals(FIELD)) {
                if (value != JsonToken.VALUE_STRING) {
                    throw wrong(start, "has a field 'text' that is not a string", null);
                }
                text = parser.getText();
            } else {
                parser.skipChildren();
            }
        }
        if (parser.nextToken() != null) {
            throw wrong(start, "has more after its object", null);
        }
        if (text == null) {
            throw wrong(
                    start,
                    "has no field 'text'; its fields are " + (fields.isEmpty() ? "none" : String.join(", ", fields)),
                    null);
        }
        return text;
    }

    private DataException wrong(long start, String problem, Exception cause) throws IOException {
        return new DataException(
                part.address() + ":" + lineNumber(start) + ": the line " + problem
                        + "; each line must be an object like {\"text\": \"a document\"}",
                cause);
    }

    /** Counted only when a line is wrong, so that parts of a file need not know how many lines are before them. */
    private long lineNumber(long offset) throws IOException {
        try (InputStream in = TextFiles.open(part, configuration)) {
            LineReader lines = new LineReader(in, 0);
            long number = 1;
            while (lines.position() < offset && lines.next()) {
                number++;
            }
            return number;
        } catch (EOFException damaged) {
            return 0;
        }
    }
}
