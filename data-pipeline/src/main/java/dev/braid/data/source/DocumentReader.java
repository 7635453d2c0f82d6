package dev.braid.data.source;

import dev.braid.data.DataException;
import dev.braid.data.source.Part.FilePart;
import dev.braid.data.source.Part.Inline;
import java.io.EOFException;
import java.io.IOException;
import java.util.Arrays;
import java.util.zip.ZipException;
import org.apache.hadoop.conf.Configuration;

/** Reads the documents of a part in order, cleans them and applies the limit. Used by one thread. */
public final class DocumentReader {
    private static final int BINARY_PROBE = 8_192;

    private final Configuration configuration;
    private final Cleaner cleaner = new Cleaner();
    private final Counts counts = new Counts();

    /** Hears of each clean document. */
    @FunctionalInterface
    public interface Documents {
        /** A document: the first {@code length} bytes; valid during the call. */
        void document(byte[] text, int length) throws IOException;
    }

    /** Takes raw documents from a file; answers whether it wants more. */
    @FunctionalInterface
    interface RawDocuments {
        boolean document(byte[] raw, int length, boolean surelyText) throws IOException;
    }

    /** What was read. */
    public static final class Counts {
        private long documents;
        private long bytes;
        private long characters;
        private long empty;
        private long binary;
        private long repaired;

        /** Documents handed on. */
        public long documents() {
            return documents;
        }

        /** Clean bytes handed on. */
        public long bytes() {
            return bytes;
        }

        /** Unicode characters handed on. */
        public long characters() {
            return characters;
        }

        /** Documents dropped for being empty. */
        public long empty() {
            return empty;
        }

        /** Files and entries dropped for not being text. */
        public long binary() {
            return binary;
        }

        /** Documents handed on in which invalid UTF-8 was replaced. */
        public long repaired() {
            return repaired;
        }
    }

    /** A reader with its own counts. */
    public DocumentReader(Configuration configuration) {
        this.configuration = configuration;
    }

    /** What was read so far. */
    public Counts counts() {
        return counts;
    }

    /**
     * Reads a part.
     *
     * @throws DataException when the part is damaged or not what its name says, naming the file
     * @throws IOException when the storage fails
     */
    public void read(Part part, Documents documents) throws IOException {
        switch (part) {
            case Inline inline -> readInline(inline, documents);
            case FilePart file -> readFile(file, documents);
        }
    }

    private void readInline(Inline part, Documents documents) throws IOException {
        byte[] content = part.content().value();
        int start = 0;
        for (int end : part.ends()) {
            byte[] document = Arrays.copyOfRange(content, start, end);
            clean(document, document.length, documents);
            start = end;
        }
    }

    private void readFile(FilePart part, Documents documents) throws IOException {
        long before = counts.bytes;
        RawDocuments raw = (bytes, length, surelyText) -> {
            if (!surelyText && isBinary(bytes, length)) {
                counts.binary++;
            } else {
                clean(bytes, length, documents);
            }
            return counts.bytes - before < part.limit();
        };
        try {
            switch (part.format().kind()) {
                case TEXT -> TextFiles.read(part, configuration, raw);
                case JSON_LINES -> JsonLines.read(part, configuration, raw);
                case PARQUET -> ParquetDocuments.read(part, configuration, raw);
                case ZIP -> ZipDocuments.read(part, configuration, raw);
            }
        } catch (ZipException | EOFException problem) {
            throw new DataException(
                    part.address() + " can't be unpacked: " + problem.getMessage()
                            + "; it is damaged or not what its name says: replace it or take it out of the source",
                    problem);
        }
    }

    private void clean(byte[] raw, int length, Documents documents) throws IOException {
        cleaner.clean(raw, length);
        if (cleaner.length() == 0) {
            counts.empty++;
            return;
        }
        counts.documents++;
        counts.bytes += cleaner.length();
        counts.characters += cleaner.characters();
        counts.repaired += cleaner.isRepaired() ? 1 : 0;
        documents.document(cleaner.text(), cleaner.length());
    }

    /** A NUL near the start: the test that grep and git use, too. */
    static boolean isBinary(byte[] bytes, int length) {
        for (int index = 0; index < Math.min(length, BINARY_PROBE); index++) {
            if (bytes[index] == 0) {
                return true;
            }
        }
        return false;
    }
}
