package dev.braid.data.source;

import dev.braid.data.DataException;
import java.io.Serializable;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * How a file holds documents, by its name.
 *
 * @param kind what is inside
 * @param gzip whether the whole file is compressed
 * @param surelyText whether the name says that it is text, so that NUL characters are a blemish and not the mark of a binary file
 */
record FileFormat(Kind kind, boolean gzip, boolean surelyText) implements Serializable {
    /** What a folder is searched for. */
    static final List<String> EXTENSIONS = List.of(".txt", ".jsonl", ".parquet", ".zip", ".txt.gz", ".jsonl.gz");

    /** The ways to hold documents. */
    enum Kind {
        /** The file is one document. */
        TEXT,
        /** Each line is a JSON object with a field {@code text}. */
        JSON_LINES,
        /** Each row is a document, in the column {@code text}. */
        PARQUET,
        /** Each entry that is text is a document. */
        ZIP
    }

    private static final List<String> REFUSED =
            List.of(".tar", ".tgz", ".bz2", ".xz", ".zst", ".7z", ".rar", ".parquet.gz", ".zip.gz", ".tar.gz");

    /** Whether a folder is searched for such files. */
    static boolean isSearchedFor(String name) {
        String lower = name.toLowerCase(Locale.ROOT);
        return EXTENSIONS.stream().anyMatch(lower::endsWith);
    }

    /** The format of a file that was named or matched by a glob; anything unknown is text. */
    static FileFormat of(String name) {
        String lower = name.toLowerCase(Locale.ROOT);
        Optional<String> refused = REFUSED.stream().filter(lower::endsWith).findFirst();
        if (refused.isPresent()) {
            throw new DataException(name + ": " + refused.get() + " files are not read; unpack it, or use one of "
                    + String.join(", ", EXTENSIONS));
        }
        boolean gzip = lower.endsWith(".gz");
        String inner = gzip ? lower.substring(0, lower.length() - ".gz".length()) : lower;
        if (inner.endsWith(".jsonl")) {
            return new FileFormat(Kind.JSON_LINES, gzip, true);
        }
        if (inner.endsWith(".parquet")) {
            return new FileFormat(Kind.PARQUET, false, true);
        }
        if (inner.endsWith(".zip")) {
            return new FileFormat(Kind.ZIP, false, false);
        }
        return new FileFormat(Kind.TEXT, gzip, inner.endsWith(".txt"));
    }

    /** Whether parts of a file can be read apart. */
    boolean canSplit() {
        return kind == Kind.PARQUET || kind == Kind.JSON_LINES && !gzip;
    }

    /** A guess at the bytes of text in a file of this size, for sharing out the work. */
    long textBytes(long fileBytes) {
        int factor = switch (kind) {
            case TEXT, JSON_LINES -> gzip ? 4 : 1;
            case PARQUET -> 2;
            case ZIP -> 4;
        };
        return fileBytes * factor;
    }
}
