package dev.braid.data;

import dev.braid.data.store.ShardFolder;
import dev.braid.data.store.ShardFolder.Verify;
import dev.braid.data.store.ShardIndex;
import dev.braid.data.store.Split;
import dev.braid.data.store.Store;
import dev.braid.data.store.TokenDataset;
import dev.braid.data.tokenizer.ByteTokenizer;
import dev.braid.data.tokenizer.Tokenizer;
import dev.braid.data.tokenizer.TokenizerJson;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import org.apache.hadoop.conf.Configuration;

/** Token shards, open for reading, with their tokenizer. Any thread may read; close it when nobody does. */
public final class PreparedData implements AutoCloseable {
    private static final String BYTE = "byte";

    private final DataLocation location;
    private final ShardFolder folder;
    private final Tokenizer tokenizer;
    private final TokenDataset validation;
    private final boolean reused;

    private PreparedData(DataLocation location, ShardFolder folder, Tokenizer tokenizer, boolean reused) {
        this.location = location;
        this.folder = folder;
        this.tokenizer = tokenizer;
        this.validation = folder.validation();
        this.reused = reused;
    }

    /**
     * Opens prepared data on a rank. Sizes are checked; checksums were by the driver.
     *
     * @param configuration opens the address
     * @throws DataException when a shard is missing or damaged, with the way to rebuild it
     */
    public static PreparedData open(DataLocation location, Configuration configuration) {
        return open(location, configuration, false, true);
    }

    static PreparedData open(DataLocation location, Configuration configuration, boolean checksums, boolean reused) {
        try {
            ShardFolder folder = ShardFolder.open(
                    Store.at(location.folder(), configuration), checksums ? Verify.CHECKSUMS : Verify.SIZES);
            try {
                PreparedData data = new PreparedData(location, folder, tokenizer(folder), reused);
                data.sampler(0);
                return data;
            } catch (IOException | RuntimeException problem) {
                folder.close();
                throw problem;
            }
        } catch (IOException problem) {
            throw new UncheckedIOException(
                    "opening " + location.folder() + " failed: " + problem.getMessage(), problem);
        }
    }

    private static Tokenizer tokenizer(ShardFolder folder) throws IOException {
        if (folder.index().tokenizer().equals(BYTE)) {
            return new ByteTokenizer();
        }
        Store store = folder.store();
        return TokenizerJson.parse(
                store.address() + "/" + TokenizerJson.FILE,
                store.read(TokenizerJson.FILE),
                store.read(TokenizerJson.CONFIG_FILE));
    }

    /** What a rank opens. */
    public DataLocation location() {
        return location;
    }

    /** The name of everything that the shards depend on. */
    public String fingerprint() {
        return folder.index().fingerprint();
    }

    /** Whether it was there already. */
    public boolean isReused() {
        return reused;
    }

    /** The tokenizer, with the files for an export. */
    public Tokenizer tokenizer() {
        return tokenizer;
    }

    /** Tokens a sample. */
    public int sequence() {
        return location.sequence();
    }

    /** Shards, and statistics by source. */
    public ShardIndex index() {
        return folder.index();
    }

    /** The training stream of a source. */
    public TokenDataset train(int source) {
        return folder.train(source);
    }

    /** The order of training samples for a seed. */
    public Sampler sampler(long seed) {
        List<TokenDataset> streams = new ArrayList<>();
        for (int source = 0; source < folder.index().sources().size(); source++) {
            streams.add(folder.train(source));
        }
        return new Sampler(seed, streams, location.weights(), location.sequence(), tokenizer.endOfText());
    }

    /** Training samples of one epoch. */
    public long samplesPerEpoch() {
        return sampler(0).samplesPerEpoch();
    }

    /** Number of validation samples; 0 when the split has less text than one sample. */
    public long validationSamples() {
        return Sampler.countSamples(validation.length(), location.sequence());
    }

    /** Validation sample {@code index}, in the order of the sources; all of them in every run. */
    public Sample validation(long index) {
        if (index < 0 || index >= validationSamples()) {
            throw new IndexOutOfBoundsException("validation sample " + index + " of " + validationSamples());
        }
        return Sampler.cut(validation, index, location.sequence(), tokenizer.endOfText());
    }

    /** What a person should know before training on it; empty when all is as asked for. */
    public List<String> notes() {
        List<String> notes = new ArrayList<>();
        if (validationSamples() == 0) {
            notes.add("no validation samples: the split has " + folder.index().tokens(Split.VALIDATION)
                    + " tokens, less than one sample of " + location.sequence()
                    + " + 1; raise data.validation or add documents to have a validation loss");
        }
        return notes;
    }

    @Override
    public void close() {
        folder.close();
    }
}
