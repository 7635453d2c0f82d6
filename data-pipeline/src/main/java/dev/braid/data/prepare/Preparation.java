package dev.braid.data.prepare;

import dev.braid.data.DataException;
import dev.braid.data.ProgressListener;
import dev.braid.data.ProgressListener.Phase;
import dev.braid.data.ProgressListener.Progress;
import dev.braid.data.TextConfig;
import dev.braid.data.TokenizerConfig;
import dev.braid.data.source.DocumentUnit;
import dev.braid.data.store.ShardFolder;
import dev.braid.data.store.ShardIndex;
import dev.braid.data.store.ShardIndex.Shard;
import dev.braid.data.store.ShardIndex.SourceStatistics;
import dev.braid.data.store.Split;
import dev.braid.data.store.Store;
import dev.braid.data.tokenizer.BpeTrainer;
import dev.braid.data.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import scala.Tuple2;

/** One preparation of one config: finds its fingerprint, and carries it out when asked. For one thread. */
public final class Preparation {
    private static final String UNFINISHED = ".preparing-";
    private static final long ABANDONED_MILLIS = Duration.ofDays(1).toMillis();
    private static final int MERGES_A_REPORT = 256;

    private final TextConfig config;
    private final Configuration configuration;
    private final Inventory inventory;
    private final Optional<Tokenizer> known;
    private final String fingerprint;
    private final Store cache;
    private final Store finished;

    /**
     * Looks at the sources, without reading them.
     *
     * @throws DataException when a source is missing or has nothing to read, or the tokenizer file can't be used
     */
    public Preparation(TextConfig config, String cache, Configuration configuration) throws IOException {
        this.config = config;
        this.configuration = configuration;
        this.inventory = Inventory.of(config, configuration);
        this.known = TokenizerSource.known(config.tokenizer(), configuration);
        this.fingerprint = Fingerprint.of(config, inventory, known);
        this.cache = Store.at(cache, configuration);
        this.finished = this.cache.resolve(fingerprint);
    }

    /** Whether a finished folder with the fingerprint exists. */
    public boolean isFinished() throws IOException {
        return finished.exists();
    }

    /** Address of the finished folder. */
    public String address() {
        return finished.address();
    }

    /**
     * Prepares the data.
     *
     * @param slices number of Spark partitions; 0 chooses. It does not change a byte of the result
     */
    public void run(JavaSparkContext spark, ProgressListener listener, int slices) throws IOException {
        removeAbandoned();
        Store work = cache.resolve(UNFINISHED + fingerprint + "-" + UUID.randomUUID());
        work.createFolder();
        DocumentJobs jobs = new DocumentJobs(spark, listener, slices);
        UnitPlanner planner = new UnitPlanner(spark, jobs, inventory.sources().size());
        try {
            List<DocumentUnit> units = planner.plan(inventory);
            Tokenizer tokenizer = known.isPresent() ? known.get() : train(jobs, units, listener);
            List<UnitEncoder.Result> results = encode(spark, jobs, units, tokenizer, work.address());
            for (Map.Entry<String, byte[]> file : tokenizer.files().entrySet()) {
                work.write(file.getKey(), file.getValue());
            }
            ShardFolder.writeIndex(work, index(tokenizer, results, planner.files()));
            if (!work.publish(fingerprint)) {
                work.deleteFolder();
            }
        } catch (IOException | RuntimeException problem) {
            work.deleteFolder();
            throw problem;
        } finally {
            planner.release();
        }
    }

    /** Folders of preparations that were killed. */
    private void removeAbandoned() throws IOException {
        long now = System.currentTimeMillis();
        for (String name : cache.list()) {
            Store folder = cache.resolve(name);
            if (name.startsWith(UNFINISHED) && now - folder.modified() > ABANDONED_MILLIS) {
                folder.deleteFolder();
            }
        }
    }

    private Tokenizer train(DocumentJobs jobs, List<DocumentUnit> units, ProgressListener listener) {
        TokenizerConfig.Bpe bpe = (TokenizerConfig.Bpe) config.tokenizer();
        List<Tuple2<String, Long>> counted = jobs.countWords(units, config.validation());
        List<byte[]> words = new ArrayList<>(counted.size());
        long[] counts = new long[counted.size()];
        for (Tuple2<String, Long> word : counted) {
            counts[words.size()] = word._2();
            words.add(word._1().getBytes(StandardCharsets.ISO_8859_1));
        }
        long started = System.nanoTime();
        return BpeTrainer.train(words, counts, bpe.vocab(), tokens -> {
            if (tokens % MERGES_A_REPORT == 0 || tokens == bpe.vocab() - 1) {
                double seconds = (System.nanoTime() - started) * 1e-9;
                double fraction = (double) tokens / bpe.vocab();
                double left = seconds * (1 - fraction) / fraction;
                listener.progress(new Progress(Phase.MERGE, tokens, 0, fraction, 0, left));
            }
        });
    }

    private List<UnitEncoder.Result> encode(
            JavaSparkContext spark, DocumentJobs jobs, List<DocumentUnit> units, Tokenizer tokenizer, String folder) {
        Broadcast<Tokenizer> shared = spark.broadcast(tokenizer);
        int tokenBytes = ShardIndex.tokenBytes(tokenizer.size());
        double validation = config.validation();
        try {
            return jobs.run(Phase.ENCODE, units, (unit, reader, hadoop) -> {
                UnitEncoder encoder = new UnitEncoder(Store.at(folder, hadoop), unit, tokenBytes);
                Tokenizer local = shared.value();
                return encoder.encode(reader, local.encoder(), local.endOfText(), validation);
            });
        } finally {
            shared.destroy();
        }
    }

    private ShardIndex index(Tokenizer tokenizer, List<UnitEncoder.Result> results, long[] files) {
        List<SourceStatistics> sources = new ArrayList<>();
        for (int source = 0; source < files.length; source++) {
            int number = source;
            List<UnitEncoder.Result> own =
                    results.stream().filter(result -> result.source() == number).toList();
            sources.add(statistics(inventory.sources().get(source).config().path(), files[source], own));
        }
        List<Shard> shards =
                results.stream().flatMap(result -> result.shards().stream()).toList();
        return new ShardIndex(
                ShardIndex.FORMAT,
                fingerprint,
                TokenizerSource.kind(config.tokenizer()),
                tokenizer.size(),
                tokenizer.endOfText(),
                ShardIndex.tokenBytes(tokenizer.size()),
                sources,
                shards);
    }

    private static SourceStatistics statistics(String path, long files, List<UnitEncoder.Result> results) {
        return new SourceStatistics(
                path,
                files,
                results.stream().mapToLong(UnitEncoder.Result::documents).sum(),
                results.stream().mapToLong(UnitEncoder.Result::bytes).sum(),
                results.stream().mapToLong(UnitEncoder.Result::characters).sum(),
                tokens(results, Split.TRAIN),
                tokens(results, Split.VALIDATION),
                results.stream()
                        .mapToLong(UnitEncoder.Result::validationDocuments)
                        .sum(),
                results.stream().mapToLong(UnitEncoder.Result::empty).sum(),
                results.stream().mapToLong(UnitEncoder.Result::binary).sum(),
                results.stream().mapToLong(UnitEncoder.Result::repaired).sum());
    }

    private static long tokens(List<UnitEncoder.Result> results, Split split) {
        return results.stream()
                .flatMap(result -> result.shards().stream())
                .filter(shard -> shard.split() == split)
                .mapToLong(Shard::tokens)
                .sum();
    }
}
