package dev.braid.data.support;

import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.util.Arrays;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.DelegateToFileSystem;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RawLocalFileSystem;

/** Local folders under the scheme {@code far}, so that everything treats them as storage elsewhere. */
public final class FarFileSystem extends RawLocalFileSystem {
    public static final String SCHEME = "far";

    @Override
    public String getScheme() {
        return SCHEME;
    }

    @Override
    public URI getUri() {
        return URI.create(SCHEME + ":///");
    }

    @Override
    public FileStatus getFileStatus(Path path) throws IOException {
        return plain(super.getFileStatus(path));
    }

    @Override
    public FileStatus[] listStatus(Path path) throws IOException {
        return Arrays.stream(super.listStatus(path)).map(FarFileSystem::plain).toArray(FileStatus[]::new);
    }

    /** Without the owner, which the local file system looks up by a {@code file:} address. */
    private static FileStatus plain(FileStatus status) {
        return new FileStatus(
                status.getLen(), status.isDirectory(), 1, 1 << 20, status.getModificationTime(), status.getPath());
    }

    /** Lets a configuration open it. */
    public static Configuration configuration() {
        Configuration configuration = new Configuration();
        configuration.set("fs.far.impl", FarFileSystem.class.getName());
        configuration.set("fs.AbstractFileSystem.far.impl", Context.class.getName());
        return configuration;
    }

    /** The other face of a Hadoop file system, which renames without overwriting. */
    public static final class Context extends DelegateToFileSystem {
        public Context(URI address, Configuration configuration) throws IOException, URISyntaxException {
            super(address, new FarFileSystem(), configuration, SCHEME, false);
        }
    }
}
