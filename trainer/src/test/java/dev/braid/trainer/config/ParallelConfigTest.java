package dev.braid.trainer.config;

import static org.assertj.core.api.Assertions.assertThat;

import dev.braid.config.ConfigException;
import dev.braid.parallelism.Algorithm;
import dev.braid.parallelism.CommunicationSettings;
import dev.braid.parallelism.mesh.Mesh;
import dev.braid.parallelism.sharding.ZeroPlusPlus;
import dev.braid.tensor.DType;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The mesh keys: what they default to, and what they refuse by themselves or beside the model and the batch. */
class ParallelConfigTest {
    private static final byte[] SECRET = new byte[16];

    private static final String YAML = """
            model:
              dim: 64
              layers: 2
              context: 128
              mixers: {attn: {type: attention, heads: 8, kv_heads: 4}}
              ffns: {mlp: {type: swiglu, hidden: 176}}
              pattern: [attn+mlp]
            data: {sources: [{path: texts}]}
            batch: {sequences: 24}
            train: {steps: 20}
            optimizer: {type: adamw, lr: 1.0e-3}
            """;

    private static Experiment read(String... overrides) {
        return Experiment.parse("small.yaml", YAML, List.of(overrides));
    }

    private static ParallelConfig parallel(String keys) {
        return read("parallel={" + keys + "}").parallel();
    }

    private static List<String> faults(String... overrides) {
        try {
            throw new AssertionError("no fault, but " + read(overrides));
        } catch (ConfigException e) {
            return e.faults().stream().map(Object::toString).toList();
        }
    }

    @Test
    void shouldTrainOnOneRankByDefault() {
        ParallelConfig parallel = read().parallel();
        assertThat(parallel.mesh()).isEqualTo(Mesh.SINGLE);
        assertThat(parallel.zeroStage()).isZero();
        assertThat(parallel.reduceType()).isEqualTo(DType.F32);
    }

    @Test
    void shouldDivideEverythingOverTheShardGroupByDefault() {
        ParallelConfig parallel = parallel("replicate: 2, shard: 3, tensor: 4");
        assertThat(parallel.mesh()).isEqualTo(Mesh.of(2, 3, 4));
        assertThat(parallel.ranks()).isEqualTo(24);
        assertThat(parallel.dataRanks()).isEqualTo(6);
        assertThat(parallel.zeroStage()).isEqualTo(3);
        assertThat(parallel.reshardsAfterForward()).isTrue();
        assertThat(parallel.accumulatesSharded()).isFalse();
    }

    @Test
    void shouldNotReshardWhatIsNotDivided() {
        assertThat(parallel("shard: 2, zero: 2").reshardsAfterForward()).isFalse();
        assertThat(parallel("shard: 2, reshard_after_forward: false").reshardsAfterForward())
                .isFalse();
        assertThat(parallel("shard: 2, zero: 0").zeroStage()).isZero();
    }

    @Test
    void shouldShareTheBatchBetweenDataRanks() {
        Experiment experiment = read("parallel={replicate: 2, shard: 3, tensor: 2}");
        assertThat(experiment.microbatchSize()).isEqualTo(4);
        assertThat(experiment.microbatches()).isEqualTo(1);
        assertThat(read("parallel.shard=3", "batch.microbatch=2").microbatches())
                .isEqualTo(4);
    }

    @Test
    void shouldReadBackTheMeshThatItWrites() {
        Experiment experiment = read(
                "parallel={shard: 4, zero: 2, reduce: bf16, accumulate: sharded, algorithm: ring, transport: tcp,"
                        + " timeout: 5s, patience: 1m, bind: eth0}",
                "batch.microbatch=3");
        assertThat(experiment.parallel().accumulatesSharded()).isTrue();
        assertThat(experiment.parallel().reduceType()).isEqualTo(DType.BF16);
        assertThat(Experiment.parse("config.yaml", experiment.toYaml(), List.of()))
                .isEqualTo(experiment);
    }

    @Test
    void shouldMakeTheSettingsOfTheCollectives() {
        CommunicationSettings settings = parallel("shard: 2, algorithm: recursive_doubling, transport: udp,"
                        + " timeout: 500ms, patience: 2h, bind: eth0")
                .communication("run", 3, SECRET);
        assertThat(settings.attempt()).isEqualTo(3);
        assertThat(settings.algorithm()).isEqualTo(Algorithm.RECURSIVE_DOUBLING);
        assertThat(settings.transport()).isEqualTo("udp");
        assertThat(settings.deadline()).isEqualTo(Duration.ofMillis(500));
        assertThat(settings.patience()).isEqualTo(Duration.ofHours(2));
        assertThat(settings.bind()).hasValue("eth0");
    }

    @Test
    void shouldTakeTheDefaultsOfTheCollectives() {
        CommunicationSettings settings = parallel("shard: 2").communication("run", 0, SECRET);
        assertThat(settings)
                .hasToString(CommunicationSettings.of("run", 0, SECRET).toString());
        assertThat(parallel("shard: 2, timeout: 1h")
                        .communication("run", 0, SECRET)
                        .patience())
                .isEqualTo(Duration.ofHours(1));
    }

    @Test
    void shouldTakeAnySavingsOfZeroPlusPlus() {
        assertThat(parallel("shard: 4").sharding().zeroPlusPlus()).isEmpty();
        assertThat(parallel("shard: 2, zeropp: [qgz]").sharding().zeroPlusPlus())
                .containsExactly(ZeroPlusPlus.QGZ);
        assertThat(parallel("shard: 4, zeropp: [qwz, hpz, qgz]").sharding().zeroPlusPlus())
                .containsExactlyInAnyOrder(ZeroPlusPlus.values());
        assertThat(Stream.of(ZeroPlusPlus.values()).map(ZeroPlusPlus::key)).containsExactly("qwz", "hpz", "qgz");
    }

    @Test
    void shouldOfferEveryTransportThatThereIs() {
        CommunicationSettings.TRANSPORTS.forEach(name ->
                assertThat(parallel("shard: 2, transport: " + name).transport()).hasValue(name));
    }

    @Test
    void shouldOfferEveryAlgorithmThatSumsOverRanks() {
        List<Algorithm> algorithms = new ArrayList<>(List.of(Algorithm.values()));
        algorithms.remove(Algorithm.TREE); // broadcast only
        algorithms.forEach(algorithm -> {
            String name = algorithm.name().toLowerCase(Locale.ROOT);
            assertThat(parallel("shard: 2, algorithm: " + name)
                            .communication("run", 0, SECRET)
                            .algorithm())
                    .isEqualTo(algorithm);
        });
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            replicate: 0 | -s parallel: parallel.replicate: is 0, must be at least 1
            tensor: -2 | -s parallel: parallel.tensor: is -2, must be at least 1
            replicate: 2000000 | -s parallel: replicate 2000000 x shard 1 x tensor 1 is more than the 1048576 ranks that a mesh may have
            pipeline: 0 | -s parallel: parallel.pipeline: is 0, must be at least 1
            pipeline: 1048577 | -s parallel: pipeline 1048577 x replicate 1 x shard 1 x tensor 1 is more than the 1048576 ranks that a mesh may have
            shard: 2, zero: 4 | -s parallel: parallel.zero: is 4, must be 0, 1, 2 or 3
            zero: 3 | -s parallel: parallel.zero: is 3, but shard is 1, where it would do nothing; remove the key
            tensor: 2, reduce: bf16 | -s parallel: parallel.reduce: is bf16, but there is one data rank (replicate 1 x shard 1), where it would do nothing; remove the key
            shard: 2, reduce: f16 | -s parallel: parallel.reduce: the text 'f16' is not allowed; allowed are f32, bf16; did you mean 'bf16'?
            shard: 2, zero: 2, reshard_after_forward: true | -s parallel: parallel.reshard_after_forward: is true, but zero is 2, where it would do nothing; remove the key
            replicate: 2, reshard_after_forward: true | -s parallel: parallel.reshard_after_forward: is true, but shard is 1, where it would do nothing; remove the key
            shard: 2, zero: 1, accumulate: sharded | -s parallel: parallel.accumulate: is sharded, but zero is 1, where it would do nothing; remove the key
            shard: 2, zeropp: [int8] | -s parallel: parallel.zeropp.0: the text 'int8' is not allowed; allowed are qwz, hpz, qgz
            shard: 2, zero: 2, zeropp: [qwz] | -s parallel: parallel.zeropp: is [qwz], but zero is 2, where it would do nothing; remove the key
            replicate: 2, zeropp: [qgz, qwz] | -s parallel: parallel.zeropp: is [qgz, qwz], but shard is 1, where it would do nothing; remove the key
            shard: 2, zeropp: [qgz, qgz] | -s parallel: parallel.zeropp: is [qgz, qgz], which has qgz twice; write it once
            shard: 2, zeropp: [hpz] | -s parallel: parallel.zeropp: has hpz, which needs a shard group of at least 3 ranks, as some must share a host and others be on another, but shard is 2; remove hpz
            shard: 4, zeropp: [hpz], reshard_after_forward: false | -s parallel: parallel.zeropp: has hpz, but reshard_after_forward is false, where nothing is gathered for the backward pass; remove one of them
            shard: 2, zeropp: [qgz], reduce: f32 | -s parallel: parallel.reduce: is f32, but zeropp has qgz, which says how gradients travel, where it would do nothing; remove the key
            algorithm: ring | -s parallel: parallel.algorithm: is ring, but there is one rank, where it would do nothing; remove the key
            transport: ipc | -s parallel: parallel.transport: is ipc, but there is one rank, where it would do nothing; remove the key
            timeout: 10s | -s parallel: parallel.timeout: is 10s, but there is one rank, where it would do nothing; remove the key
            patience: 10m | -s parallel: parallel.patience: is 10m, but there is one rank, where it would do nothing; remove the key
            bind: eth0 | -s parallel: parallel.bind: is eth0, but there is one rank, where it would do nothing; remove the key
            shard: 2, transport: shared, bind: eth0 | -s parallel: parallel.bind: is eth0, but transport shared stays inside a host, where it would do nothing; remove the key
            shard: 2, bind: ' ' | -s parallel: parallel.bind: is empty, must name a network interface or an address; remove the key to have it chosen
            shard: 2, transport: rdma | -s parallel: parallel.transport: the text 'rdma' is not allowed; allowed are auto, shared, ipc, udp, tcp
            shard: 2, algorithm: tree | -s parallel: parallel.algorithm: the text 'tree' is not allowed; allowed are auto, direct, gather_add, ring, recursive_doubling, hierarchical
            shard: 2, timeout: 10 | -s parallel: parallel.timeout: '10' is not a duration; allowed are whole numbers of ms, s, m or h, such as 500ms, 10s, 5m, 1h
            shard: 2, timeout: 50ms | -s parallel: parallel.timeout: is 50ms, must be at least 100ms; 10s is usual
            shard: 2, patience: 5s | -s parallel: parallel.patience: is 5s, shorter than parallel.timeout 10s; 10m is usual
            """)
    void shouldRefuseWhatMakesNoSenseOrWouldDoNothing(String keys, String fault) {
        assertThat(faults("parallel={" + keys + "}")).containsExactly(fault);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            replicate: 4, shard: 8 | small.yaml:9:20: batch.sequences: is 24, but the batch must not be smaller than the 32 data ranks (replicate 4 x shard 8): each needs a sequence; write 32 or a multiple of it, or make the mesh smaller | replicate 4 x shard 8 x tensor 1 = 32 ranks | the nearest layout of 32 ranks that does is replicate 1 x shard 8 x tensor 4
            shard: 5 | small.yaml:9:20: batch.sequences: is 24, which the 5 data ranks (replicate 1 x shard 5) can't share equally; the nearest that work are 20 and 25 | replicate 1 x shard 5 x tensor 1 = 5 ranks | no layout of 5 ranks does; the nearest of fewer is replicate 1 x shard 4 x tensor 1 = 4 ranks
            tensor: 3 | -s parallel: parallel.tensor: is 3, which does not divide the 8 heads of attn; allowed are 1, 2 | replicate 1 x shard 1 x tensor 3 = 3 ranks | the nearest layout of 3 ranks that does is replicate 1 x shard 3 x tensor 1
            tensor: 16 | -s parallel: parallel.tensor: is 16, more tensor ranks than the 8 heads of attn; allowed are 1, 2, 4, 8 | replicate 1 x shard 1 x tensor 16 = 16 ranks | the nearest layout of 16 ranks that does is replicate 1 x shard 2 x tensor 8
            tensor: 2, replicate: 5 | small.yaml:9:20: batch.sequences: is 24, which the 5 data ranks (replicate 5 x shard 1) can't share equally; the nearest that work are 20 and 25 | replicate 5 x shard 1 x tensor 2 = 10 ranks | no layout of 10 ranks does; the nearest of fewer is replicate 4 x shard 1 x tensor 2 = 8 ranks
            """)
    void shouldNameTheNearestLayoutThatWorks(String keys, String fault, String layout, String nearest) {
        assertThat(faults("parallel={" + keys + "}"))
                .containsExactlyInAnyOrder(
                        fault, "-s parallel: " + layout + " does not fit the model and the batch; " + nearest);
    }

    private static List<String> layoutFaults(String... overrides) {
        return faults(overrides).stream()
                .filter(fault -> !fault.contains("does not fit the model and the batch"))
                .toList();
    }

    @Test
    void shouldRefuseAMicrobatchThatDoesNotDivideThePartOfARank() {
        assertThat(layoutFaults("parallel.shard=4", "batch.microbatch=4"))
                .containsExactly(
                        "-s batch.microbatch: is 4, which does not divide the 6 sequences that each of the 4 data"
                                + " ranks (replicate 1 x shard 4) takes of a step; allowed are 1, 2, 3, 6, or batch.sequences 16"
                                + " and 32");
    }

    @Test
    void shouldRefuseKeyAndValueHeadsThatCanNeitherBeDividedNorRepeated() {
        assertThat(layoutFaults(
                        "parallel.tensor=4",
                        "model.mixers.attn.heads=24",
                        "model.mixers.attn.kv_heads=6",
                        "model.mixers.attn.head_size=8"))
                .containsExactly(
                        "-s parallel.tensor: is 4, but the 6 key and value heads of attn can be neither divided"
                                + " over so many ranks nor repeated evenly on them; allowed are 1, 2, 3");
    }

    @Test
    void shouldRepeatKeyAndValueHeadsOverMoreRanks() {
        assertThat(read("parallel.tensor=8").parallel().tensor()).isEqualTo(8);
    }

    @Test
    void shouldRefuseMoreTensorRanksThanInnerColumnsOrTokens() {
        assertThat(layoutFaults("parallel.tensor=8", "model.ffns.mlp.hidden=7"))
                .containsExactly(
                        "-s parallel.tensor: is 8, more ranks than the hidden width 7 of mlp; allowed are 1, 2, 4");
        assertThat(layoutFaults("parallel.tensor=8", "data.tokenizer={type: file, path: t.json}", "model.vocab=5"))
                .containsExactly(
                        "-s parallel.tensor: is 8, more ranks than the vocabulary has tokens, 5; allowed are 1,"
                                + " 2, 4");
    }

    @Test
    void shouldRefusePositionsThatTensorRanksCannotShare() {
        assertThat(layoutFaults("parallel.tensor=4", "batch.microbatch=1", "data.sequence=127"))
                .containsExactly(
                        "-s parallel.tensor: is 4, which does not divide the 1 x 127 positions of a micro-batch"
                                + " (batch.microbatch x data.sequence), as sequence parallelism must; make batch.microbatch or"
                                + " data.sequence a multiple of 4");
    }

    @Test
    void shouldReportAllFaultsOfALayoutAtOnce() {
        assertThat(faults("parallel={replicate: 16, shard: 2, tensor: 3}"))
                .hasSize(3)
                .anyMatch(fault -> fault.contains("must not be smaller than the 32 data ranks"))
                .anyMatch(fault -> fault.contains("does not divide the 8 heads"))
                .anyMatch(fault ->
                        fault.contains("replicate 16 x shard 2 x tensor 3 = 96 ranks does not fit the model and"
                                + " the batch; the nearest layout of 96 ranks that does is replicate"));
    }

    @Test
    void shouldRefuseToSayHowToAddUpOneMicrobatch() {
        assertThat(faults("parallel={shard: 2, accumulate: whole}"))
                .containsExactly(
                        "-s parallel: parallel.accumulate: is whole, but a rank has one micro-batch a step, where"
                                + " it would do nothing; lower batch.microbatch, or remove the key");
        assertThat(read("parallel={shard: 2, accumulate: whole}", "batch.microbatch=6")
                        .microbatches())
                .isEqualTo(2);
    }
}
