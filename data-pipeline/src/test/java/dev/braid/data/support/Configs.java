package dev.braid.data.support;

import dev.braid.data.SourceConfig;
import dev.braid.data.TextConfig;
import dev.braid.data.TokenizerConfig;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** Data configs in a few words. */
public final class Configs {
    private Configs() {}

    public static SourceConfig source(Path path) {
        return new SourceConfig(path.toString(), 1, Optional.empty());
    }

    public static TextConfig bytes(double validation, SourceConfig... sources) {
        return config(new TokenizerConfig.Bytes(), validation, sources);
    }

    public static TextConfig config(TokenizerConfig tokenizer, double validation, SourceConfig... sources) {
        List<SourceConfig> all = Arrays.asList(sources);
        return new TextConfig(all, tokenizer, Optional.empty(), validation);
    }
}
