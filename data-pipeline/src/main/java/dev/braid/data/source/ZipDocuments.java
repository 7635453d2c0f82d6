package dev.braid.data.source;

import dev.braid.data.source.DocumentReader.RawDocuments;
import dev.braid.data.source.Part.FilePart;
import dev.braid.data.store.Store;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.StandardCopyOption;
import java.util.Enumeration;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;

/** Each entry of an archive that is text is a document, in the order of the archive's directory. */
final class ZipDocuments {
    private ZipDocuments() {}

    static void read(FilePart part, Configuration configuration, RawDocuments documents) throws IOException {
        Path path = new Path(part.address());
        if ("file".equals(path.toUri().getScheme())) {
            read(new File(path.toUri().getPath()), documents);
            return;
        }
        // The directory is at the end of an archive, so one from elsewhere is copied here first.
        java.nio.file.Path copy = Files.createTempFile("braid", ".zip");
        try (InputStream in = Store.fileSystem(path, configuration).open(path)) {
            Files.copy(in, copy, StandardCopyOption.REPLACE_EXISTING);
            read(copy.toFile(), documents);
        } finally {
            Files.delete(copy);
        }
    }

    private static void read(File file, RawDocuments documents) throws IOException {
        try (ZipFile archive = new ZipFile(file)) {
            Enumeration<? extends ZipEntry> entries = archive.entries();
            boolean more = true;
            while (more && entries.hasMoreElements()) {
                ZipEntry entry = entries.nextElement();
                if (entry.isDirectory()) {
                    continue;
                }
                try (InputStream in = archive.getInputStream(entry)) {
                    byte[] bytes = in.readAllBytes();
                    more = documents.document(bytes, bytes.length, false);
                }
            }
        }
    }
}
