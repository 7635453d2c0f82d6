package dev.braid.data.source;

import dev.braid.data.DataException;
import dev.braid.data.source.DocumentReader.RawDocuments;
import dev.braid.data.source.Part.FilePart;
import dev.braid.data.store.Store;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.zip.GZIPInputStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;

/** A text file is one document. */
final class TextFiles {
    private static final int BUFFER = 1 << 16;

    private TextFiles() {}

    static void read(FilePart part, Configuration configuration, RawDocuments documents) throws IOException {
        try (InputStream in = open(part, configuration)) {
            byte[] bytes = in.readAllBytes();
            documents.document(bytes, bytes.length, part.format().surelyText());
        } catch (OutOfMemoryError problem) {
            throw new DataException(
                    part.address() + " is too large for one document; write it as .jsonl with a document a line",
                    problem);
        }
    }

    /** Opens a file from its start, unpacked. */
    static InputStream open(FilePart part, Configuration configuration) throws IOException {
        Path path = new Path(part.address());
        InputStream in = Store.fileSystem(path, configuration).open(path);
        if (!part.format().gzip()) {
            return in;
        }
        try {
            return new GZIPInputStream(new BufferedInputStream(in, BUFFER), BUFFER);
        } catch (IOException problem) {
            in.close();
            throw problem;
        }
    }
}
