package dev.braid.data.prepare;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.braid.data.DataException;
import dev.braid.data.DataPreparation;
import dev.braid.data.DataReport;
import dev.braid.data.PreparedData;
import dev.braid.data.ProgressListener;
import dev.braid.data.ProgressListener.Phase;
import dev.braid.data.Sample;
import dev.braid.data.SourceConfig;
import dev.braid.data.TextConfig;
import dev.braid.data.TokenizerConfig;
import dev.braid.data.source.DocumentReader;
import dev.braid.data.source.DocumentUnit;
import dev.braid.data.source.FilePlan;
import dev.braid.data.source.SourceFile;
import dev.braid.data.source.SourceListing;
import dev.braid.data.store.ShardIndex.SourceStatistics;
import dev.braid.data.store.Store;
import dev.braid.data.support.Configs;
import dev.braid.data.support.LocalSpark;
import dev.braid.data.tokenizer.ByteTokenizer;
import dev.braid.data.tokenizer.Tokenizer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.api.java.JavaSparkContext;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

@ExtendWith(LocalSpark.class)
class PreparationTest {
    private static final TokenizerConfig BYTES = new TokenizerConfig.Bytes();

    @TempDir
    private Path folder;

    private Path text;
    private Path cache;

    @BeforeEach
    void folders() throws IOException {
        text = Files.createDirectories(folder.resolve("text"));
        cache = folder.resolve("cache");
    }

    private static void write(Path file, String content) throws IOException {
        Files.createDirectories(file.getParent());
        Files.writeString(file, content);
    }

    private PreparedData prepare(JavaSparkContext spark, TextConfig config, int sequence) {
        return DataPreparation.prepare(spark, config, sequence, cache.toString(), ProgressListener.NONE);
    }

    /** Documents of a few hundred words, about 3 MB in all. */
    private void manyDocuments(int files) throws IOException {
        Random random = new Random(17);
        String[] words = {"spark", "tensor", "rank", "mesh", "shard", "gradient", "barrier", "token", "layer", "stage"};
        for (int file = 0; file < files; file++) {
            StringBuilder content = new StringBuilder("document " + file);
            for (int word = 0; word < 300; word++) {
                content.append(' ').append(words[random.nextInt(words.length)]).append(random.nextInt(50));
            }
            write(text.resolve("f" + file + ".txt"), content.toString());
        }
    }

    private static Map<String, String> contents(Path folder) throws IOException {
        Map<String, String> contents = new TreeMap<>();
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.toList()) {
                contents.put(
                        file.getFileName().toString(), java.util.HexFormat.of().formatHex(Files.readAllBytes(file)));
            }
        }
        return contents;
    }

    private Path only(Path parent) throws IOException {
        try (Stream<Path> folders = Files.list(parent)) {
            List<Path> all = folders.toList();
            assertThat(all).hasSize(1);
            return all.get(0);
        }
    }

    @Test
    void shouldEndEachDocumentWithEndOfTextWhenBytesAreTokens(JavaSparkContext spark) throws IOException {
        write(text.resolve("a.txt"), "abcdefg");
        try (PreparedData data = prepare(spark, Configs.bytes(0, Configs.source(text)), 7)) {
            Sample sample = data.sampler(1).sample(0);
            assertThat(sample.inputs()).isEqualTo("abcdefg".chars().toArray());
            assertThat(sample.labels()).containsExactly('b', 'c', 'd', 'e', 'f', 'g', 256);
            assertThat(data.samplesPerEpoch()).isEqualTo(1);
            assertThat(data.index().sources())
                    .containsExactly(new SourceStatistics(text.toString(), 1, 1, 7, 7, 8, 0, 0, 0, 0, 0));
        }
    }

    @Test
    void shouldWriteTheSameBytesWhenPartitionsDiffer(JavaSparkContext spark) throws IOException {
        manyDocuments(900);
        SourceConfig limited = new SourceConfig(text.toString(), 1, Optional.of("1.5MB"));
        TextConfig config = Configs.config(new TokenizerConfig.Bpe(400), 0.05, limited);
        for (int slices : new int[] {1, 3}) {
            Path own = folder.resolve("cache" + slices);
            new Preparation(config, own.toString(), spark.hadoopConfiguration())
                    .run(spark, ProgressListener.NONE, slices);
        }
        Map<String, String> one = contents(only(folder.resolve("cache1")));
        assertThat(contents(only(folder.resolve("cache3")))).isEqualTo(one);
        assertThat(one.keySet()).contains("train-00000.bin", "train-00001.bin", "index.json", "tokenizer.json");
    }

    @Test
    void shouldGiveBackTheDocumentsWhenStreamsAreDecoded(JavaSparkContext spark) throws IOException {
        manyDocuments(30);
        try (PreparedData data =
                prepare(spark, Configs.config(new TokenizerConfig.Bpe(300), 0.2, Configs.source(text)), 16)) {
            Set<String> expected = Collections.synchronizedSet(new java.util.HashSet<>());
            try (Stream<Path> files = Files.list(text)) {
                for (Path file : files.toList()) {
                    expected.add(Files.readString(file));
                }
            }
            int[] tokens = new int[(int) data.train(0).length()];
            data.train(0).tokens(0, tokens.length, tokens);
            Set<String> train = Set.of(data.tokenizer().decode(tokens).split("<\\|endoftext\\|>"));
            assertThat(expected).containsAll(train);
            SourceStatistics statistics = data.index().sources().get(0);
            assertThat(train).hasSize((int) (statistics.documents() - statistics.validationDocuments()));
            assertThat(statistics.validationDocuments()).isPositive();
            assertThat(data.validationSamples()).isEqualTo((statistics.validationTokens() - 1) / 16);
            assertThat(data.validation(0).inputs()).hasSize(16);
            assertThatThrownBy(() -> data.validation(data.validationSamples()))
                    .isInstanceOf(IndexOutOfBoundsException.class);
        }
    }

    @Test
    void shouldUseItAgainWhenNothingChanged(JavaSparkContext spark) throws IOException {
        write(text.resolve("a.txt"), "some text to prepare");
        TextConfig config = Configs.bytes(0, Configs.source(text));
        String fingerprint;
        try (PreparedData first = prepare(spark, config, 4)) {
            assertThat(first.isReused()).isFalse();
            fingerprint = first.fingerprint();
        }
        try (PreparedData second = prepare(spark, config, 5)) {
            assertThat(second.isReused()).isTrue();
            assertThat(second.fingerprint()).isEqualTo(fingerprint);
        }
        assertThat(DataPreparation.reuse(config, 4, cache.toString(), new Configuration()))
                .hasValueSatisfying(PreparedData::close);
    }

    private String fingerprint(TextConfig config) throws IOException {
        return Path.of(new Preparation(config, cache.toString(), new Configuration()).address())
                .getFileName()
                .toString();
    }

    @Test
    void shouldHaveAnotherFingerprintWhenAnythingThatMattersChanges() throws IOException {
        Path file = text.resolve("a.txt");
        write(file, "some text");
        SourceConfig source = Configs.source(text);
        String base = fingerprint(Configs.bytes(0, source));
        List<String> others = new ArrayList<>();
        others.add(fingerprint(Configs.bytes(0.1, source)));
        others.add(fingerprint(Configs.config(new TokenizerConfig.Bpe(300), 0, source)));
        others.add(fingerprint(Configs.config(new TokenizerConfig.Bpe(301), 0, source)));
        others.add(fingerprint(Configs.bytes(0, new SourceConfig(text.toString(), 1, Optional.of("5")))));
        others.add(fingerprint(Configs.bytes(0, source, source)));
        Files.setLastModifiedTime(file, FileTime.fromMillis(1_000_000));
        others.add(fingerprint(Configs.bytes(0, source)));
        write(file, "some longer text");
        Files.setLastModifiedTime(file, FileTime.fromMillis(1_000_000));
        others.add(fingerprint(Configs.bytes(0, source)));
        others.add(base);
        assertThat(others).doesNotHaveDuplicates();
        assertThat(fingerprint(Configs.bytes(0, new SourceConfig(text.toString(), 3, Optional.empty()))))
                .isEqualTo(fingerprint(Configs.bytes(0, source)));
    }

    @Test
    void shouldTakeDocumentsUntilTheLimitWhenASourceHasOne(JavaSparkContext spark) throws IOException {
        for (int file = 0; file < 10; file++) {
            write(text.resolve(file + ".txt"), "0123456789");
        }
        SourceConfig limited = new SourceConfig(text.toString(), 1, Optional.of("35"));
        try (PreparedData data = prepare(spark, Configs.bytes(0, limited), 4)) {
            SourceStatistics statistics = data.index().sources().get(0);
            assertThat(statistics.bytes()).isEqualTo(40);
            assertThat(statistics.files()).isEqualTo(4);
        }
    }

    @Test
    void shouldKeepSourcesApartWhenTheyAreWeighted(JavaSparkContext spark) throws IOException {
        write(text.resolve("a.txt"), "a".repeat(100));
        write(folder.resolve("more/b.jsonl"), "{\"text\":\"" + "b".repeat(200) + "\"}\n{\"text\":\" \"}\n");
        SourceConfig twice = new SourceConfig(text.toString(), 2, Optional.empty());
        SourceConfig once = new SourceConfig(folder.resolve("more").toString(), 1, Optional.empty());
        try (PreparedData data = prepare(spark, Configs.bytes(0, twice, once), 10)) {
            assertThat(data.sampler(5).samplesPerEpoch(0)).isEqualTo(20);
            assertThat(data.sampler(5).samplesPerEpoch(1)).isEqualTo(20);
            assertThat(DataReport.mixture(data, 80)).isEqualTo(mixture());
            assertThat(DataReport.samples(data, 5, 2)).contains("--- sample 0, from ", "--- sample 1, from ");
            assertThat(data.notes())
                    .containsExactly("no validation samples: the split has 0 tokens, less than one sample of 10 + 1;"
                            + " raise data.validation or add documents to have a validation loss");
        }
    }

    private String mixture() {
        int width = (folder + "/more").length();
        return "source" + " ".repeat(width - 6) + "  documents   text  tokens  bytes/token  weight   share  epochs\n"
                + text + "          1  100 B     101         0.99     2.0  50.0 %    4.00\n"
                + folder + "/more          1  200 B     201         1.00     1.0  50.0 %    2.00\n"
                + "40 samples of 10 tokens an epoch; 0 for validation; bytes, 257 tokens\n"
                + folder
                + "/more: 1 empty documents dropped, 0 files dropped that are not text, 0 documents kept with repaired UTF-8\n"
                + "note: no validation samples: the split has 0 tokens, less than one sample of 10 + 1; raise data.validation or add"
                + " documents to have a validation loss\n";
    }

    @Test
    void shouldReportProgressOfEachPhaseWhenATokenizerIsTrained(JavaSparkContext spark) throws IOException {
        manyDocuments(20);
        List<ProgressListener.Progress> heard = Collections.synchronizedList(new ArrayList<>());
        SourceConfig limited = new SourceConfig(text.toString(), 1, Optional.of("20KB"));
        TextConfig config = Configs.config(new TokenizerConfig.Bpe(280), 0, limited);
        DataPreparation.prepare(spark, config, 8, cache.toString(), heard::add).close();
        assertThat(heard.stream().map(ProgressListener.Progress::phase).collect(Collectors.toSet()))
                .containsExactlyInAnyOrder(Phase.values());
        ProgressListener.Progress last = heard.get(heard.size() - 1);
        assertThat(last.phase()).isEqualTo(Phase.ENCODE);
        assertThat(last.fraction()).isEqualTo(1);
        assertThat(last.bytes()).isGreaterThanOrEqualTo(20_000);
    }

    @Test
    void shouldLeaveNothingBehindWhenALineIsWrong(JavaSparkContext spark) throws IOException {
        write(text.resolve("a.jsonl"), "{\"text\":\"fine\"}\n{\"txt\":\"wrong\"}\n");
        assertThatThrownBy(() -> prepare(spark, Configs.bytes(0, Configs.source(text)), 4))
                .isInstanceOf(DataException.class)
                .hasMessage("file:" + text
                        + "/a.jsonl:2: the line has no field 'text'; its fields are txt; each line must be an object"
                        + " like {\"text\": \"a document\"}");
        assertThat(cache).isEmptyDirectory();
    }

    @Test
    void shouldNameTheFileWhenAnArchiveIsDamaged(JavaSparkContext spark) throws IOException {
        write(text.resolve("a.zip"), "no archive");
        assertThatThrownBy(
                        () -> prepare(spark, Configs.config(new TokenizerConfig.Bpe(300), 0, Configs.source(text)), 4))
                .isInstanceOf(DataException.class)
                .hasMessageStartingWith("file:" + text + "/a.zip can't be unpacked: ");
    }

    @Test
    void shouldRejectWhenAllDocumentsAreTooFew(JavaSparkContext spark) throws IOException {
        write(text.resolve("a.txt"), "abc");
        assertThatThrownBy(() -> prepare(spark, Configs.bytes(0, Configs.source(text)), 4))
                .isInstanceOf(DataException.class)
                .hasMessage("source '" + text
                        + "' has 4 training tokens, less than one sample of 4 + 1; add text, remove the source, or"
                        + " set a smaller data.sequence");
    }

    @Test
    void shouldRejectWhenNoDocumentIsLeftAfterCleaning(JavaSparkContext spark) throws IOException {
        write(text.resolve("a.txt"), " \n");
        assertThatThrownBy(() -> prepare(spark, Configs.bytes(0, Configs.source(text)), 4))
                .isInstanceOf(DataException.class)
                .hasMessageStartingWith("source '" + text + "' has 0 training tokens");
    }

    @Test
    void shouldUseATokenizerFileWhenOneIsNamed(JavaSparkContext spark) throws IOException {
        write(text.resolve("a.txt"), "hello hello hello hello");
        String trained;
        try (PreparedData data =
                prepare(spark, Configs.config(new TokenizerConfig.Bpe(258), 0, Configs.source(text)), 4)) {
            trained = Path.of(data.location().folder().substring("file:".length()))
                    .toString();
            assertThat(data.tokenizer().size()).isEqualTo(258);
        }
        for (String path : List.of(trained, trained + "/tokenizer.json")) {
            TextConfig config = Configs.config(new TokenizerConfig.File(path), 0, Configs.source(text));
            try (PreparedData data = prepare(spark, config, 4)) {
                assertThat(data.tokenizer().decode(new int[] {256})).isEqualTo("el");
                assertThat(data.index().tokenizer()).isEqualTo("file");
            }
        }
    }

    @Test
    void shouldRejectWhenTheTokenizerFileIsMissing() throws IOException {
        write(text.resolve("a.txt"), "abc");
        TextConfig config = Configs.config(new TokenizerConfig.File(folder + "/absent"), 0, Configs.source(text));
        assertThatThrownBy(() -> new Preparation(config, cache.toString(), new Configuration()))
                .isInstanceOf(DataException.class)
                .hasMessage("data.tokenizer.path: no tokenizer at file:" + folder
                        + "/absent/tokenizer.json; give the path of a"
                        + " tokenizer.json or of the folder that holds one");
    }

    @Test
    void shouldAllGetTheSameWhenTwoPrepareAtOnce(JavaSparkContext spark) throws Exception {
        manyDocuments(50);
        TextConfig config = Configs.config(BYTES, 0.1, Configs.source(text));
        try (ExecutorService threads = Executors.newFixedThreadPool(2)) {
            List<Future<String>> both = threads.invokeAll(Collections.nCopies(2, () -> {
                try (PreparedData data = prepare(spark, config, 8)) {
                    return data.fingerprint();
                }
            }));
            assertThat(both.get(0).get()).isEqualTo(both.get(1).get());
        }
        assertThat(only(cache).getFileName().toString()).isEqualTo(fingerprint(config));
    }

    @Test
    void shouldSayWhereWhenTheCacheCantBeWritten(JavaSparkContext spark) throws IOException {
        write(text.resolve("a.txt"), "some text");
        write(cache, "a file where a folder should be");
        assertThatThrownBy(() -> prepare(spark, Configs.bytes(0, Configs.source(text)), 4))
                .isInstanceOf(DataException.class)
                .hasMessageStartingWith("can't create the folder file:" + cache + "/.preparing-")
                .hasMessageEndingWith("; check that the place may be written, or choose another");
    }

    @Test
    void shouldSayWhichShardWhenItCantBeWritten() throws IOException {
        write(text.resolve("a.txt"), "some text");
        write(cache.resolve("train-00007.bin/in the way"), "");
        List<SourceFile> files = SourceListing.list(text.toString(), new Configuration());
        DocumentUnit unit = new DocumentUnit(7, 0, List.copyOf(FilePlan.parts(files, 1000)));
        UnitEncoder encoder = new UnitEncoder(Store.at(cache.toString(), new Configuration()), unit, 2);
        Tokenizer tokenizer = new ByteTokenizer();
        assertThatThrownBy(() -> encoder.encode(new DocumentReader(new Configuration()), tokenizer.encoder(), 256, 0))
                .isInstanceOf(IOException.class)
                .hasMessageStartingWith("can't write file:" + cache + "/train-00007.bin: ");
    }

    @Test
    void shouldRemoveUnfinishedFoldersWhenTheyAreOld(JavaSparkContext spark) throws IOException {
        write(text.resolve("a.txt"), "some text");
        Path old = Files.createDirectories(cache.resolve(".preparing-x-1"));
        Files.setLastModifiedTime(old, FileTime.fromMillis(0));
        Path young = Files.createDirectories(cache.resolve(".preparing-x-2"));
        prepare(spark, Configs.bytes(0, Configs.source(text)), 4).close();
        assertThat(old).doesNotExist();
        assertThat(young).exists();
    }

    @Test
    void shouldRejectWhenAShardWasDamagedSince(JavaSparkContext spark) throws IOException {
        write(text.resolve("a.txt"), "some text");
        TextConfig config = Configs.bytes(0, Configs.source(text));
        prepare(spark, config, 4).close();
        Path shard = only(cache).resolve("train-00000.bin");
        byte[] bytes = Files.readAllBytes(shard);
        bytes[0] ^= 1;
        Files.write(shard, bytes);
        assertThatThrownBy(() -> prepare(spark, config, 4))
                .isInstanceOf(DataException.class)
                .hasMessageStartingWith("corrupt shard file:" + shard + ": expected CRC32C ")
                .hasMessageEndingWith(
                        "; delete the folder file:" + only(cache) + " and run the same command again to rebuild it");
    }

    @Test
    void shouldOpenOnARankWhenGivenTheLocation(JavaSparkContext spark) throws IOException {
        write(text.resolve("a.txt"), "some text for a rank");
        try (PreparedData driver = prepare(spark, Configs.bytes(0, Configs.source(text)), 4)) {
            List<int[]> rank = spark.parallelize(List.of(driver.location()), 1)
                    .map(location -> {
                        try (PreparedData data = PreparedData.open(location, new Configuration())) {
                            return data.sampler(3).sample(7).inputs();
                        }
                    })
                    .collect();
            assertThat(rank.get(0)).isEqualTo(driver.sampler(3).sample(7).inputs());
        }
    }

    @Test
    void shouldGiveTheSameSamplesWhenStorageIsElsewhere(JavaSparkContext spark) throws IOException {
        write(text.resolve("a.txt"), "some text for a rank");
        try (ZipOutputStream zip = new ZipOutputStream(Files.newOutputStream(text.resolve("b.zip")))) {
            zip.putNextEntry(new ZipEntry("c"));
            zip.write("more text in an archive".getBytes(StandardCharsets.UTF_8));
        }
        SourceConfig far = new SourceConfig("far:" + text, 1, Optional.empty());
        String farCache = "far:" + folder + "/elsewhere";
        try (PreparedData near = prepare(spark, Configs.bytes(0, Configs.source(text)), 4);
                PreparedData data =
                        DataPreparation.prepare(spark, Configs.bytes(0, far), 4, farCache, ProgressListener.NONE)) {
            assertThat(data.location().folder()).isEqualTo("far:" + folder + "/elsewhere/" + data.fingerprint());
            assertThat(data.samplesPerEpoch()).isEqualTo(11).isEqualTo(near.samplesPerEpoch());
            for (long sample = 0; sample < 11; sample++) {
                assertThat(data.sampler(1).sample(sample).labels())
                        .isEqualTo(near.sampler(1).sample(sample).labels());
            }
        }
    }

    @Test
    void shouldReadTheRunningJdkWhenItsSourceIsNamed(JavaSparkContext spark) {
        SourceConfig jdk = new SourceConfig("jdk-source", 1, Optional.of("300KB"));
        try (PreparedData data = prepare(spark, Configs.bytes(0.01, jdk), 64)) {
            SourceStatistics statistics = data.index().sources().get(0);
            assertThat(statistics.bytes()).isBetween(300_000L, 3_000_000L);
            assertThat(statistics.documents()).isEqualTo(statistics.files()).isGreaterThan(3);
        }
    }
}
