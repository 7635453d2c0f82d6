package dev.braid.data.prepare;

import dev.braid.data.DataException;
import dev.braid.data.TokenizerConfig;
import dev.braid.data.store.Store;
import dev.braid.data.tokenizer.ByteTokenizer;
import dev.braid.data.tokenizer.Tokenizer;
import dev.braid.data.tokenizer.TokenizerJson;
import java.io.IOException;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;

/** The tokenizer of a config, as far as it is known before the sources are read. */
final class TokenizerSource {
    private TokenizerSource() {}

    /** The word of the kind in the config. */
    static String kind(TokenizerConfig config) {
        return switch (config) {
            case TokenizerConfig.Bytes bytes -> "byte";
            case TokenizerConfig.Bpe bpe -> "bpe";
            case TokenizerConfig.File file -> "file";
        };
    }

    /** The tokenizer, unless it must be trained first. */
    static Optional<Tokenizer> known(TokenizerConfig config, Configuration configuration) throws IOException {
        return switch (config) {
            case TokenizerConfig.Bytes bytes -> Optional.of(new ByteTokenizer());
            case TokenizerConfig.Bpe bpe -> Optional.empty();
            case TokenizerConfig.File file -> Optional.of(load(file.path(), configuration));
        };
    }

    private static Tokenizer load(String path, Configuration configuration) throws IOException {
        boolean named = path.endsWith(".json");
        Store folder = Store.at(folderOf(path, named), configuration);
        String file = named ? new Path(path).getName() : TokenizerJson.FILE;
        if (!folder.exists(file)) {
            throw new DataException("data.tokenizer.path: no tokenizer at " + folder.address() + "/" + file
                    + "; give the path of a tokenizer.json or of the folder that holds one");
        }
        byte[] config = folder.exists(TokenizerJson.CONFIG_FILE) ? folder.read(TokenizerJson.CONFIG_FILE) : null;
        return TokenizerJson.parse(folder.address() + "/" + file, folder.read(file), config);
    }

    private static String folderOf(String path, boolean named) {
        Path parent = new Path(path).getParent();
        return !named ? path : parent == null || parent.toString().isEmpty() ? "." : parent.toString();
    }
}
