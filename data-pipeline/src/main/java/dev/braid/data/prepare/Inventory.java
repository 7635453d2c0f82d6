package dev.braid.data.prepare;

import dev.braid.data.SourceConfig;
import dev.braid.data.TextConfig;
import dev.braid.data.source.JdkSource;
import dev.braid.data.source.SourceFile;
import dev.braid.data.source.SourceListing;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.apache.hadoop.conf.Configuration;

/** What the sources of a config hold now; found without Spark and without reading a file. */
record Inventory(List<Source> sources) {
    /**
     * One source.
     *
     * @param files its files in order; none for {@code jdk-source}
     * @param identity everything on which its text depends
     */
    record Source(SourceConfig config, List<SourceFile> files, String identity) {
        boolean isJdk() {
            return config.path().equals(SourceConfig.JDK_SOURCE);
        }
    }

    static Inventory of(TextConfig config, Configuration configuration) throws IOException {
        List<Source> sources = new ArrayList<>();
        for (SourceConfig source : config.sources()) {
            sources.add(source.path().equals(SourceConfig.JDK_SOURCE) ? jdk(source) : files(source, configuration));
        }
        return new Inventory(List.copyOf(sources));
    }

    private static Source jdk(SourceConfig source) {
        return new Source(source, List.of(), JdkSource.running().identity());
    }

    private static Source files(SourceConfig source, Configuration configuration) throws IOException {
        List<SourceFile> files = SourceListing.list(source.path(), configuration);
        StringBuilder identity = new StringBuilder();
        for (SourceFile file : files) {
            identity.append(file.address())
                    .append('\t')
                    .append(file.name())
                    .append('\t')
                    .append(file.bytes())
                    .append('\t')
                    .append(file.modified())
                    .append('\n');
        }
        return new Source(source, files, identity.toString());
    }
}
