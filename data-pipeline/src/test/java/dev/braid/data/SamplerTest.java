package dev.braid.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.braid.data.store.ShardFolder;
import dev.braid.data.store.Split;
import dev.braid.data.support.Shards;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SamplerTest {
    private static final int END_OF_TEXT = 256;

    @TempDir
    private Path folder;

    private ShardFolder folder(int... lengths) throws IOException {
        Shards shards = new Shards(folder, 257);
        for (int source = 0; source < lengths.length; source++) {
            shards.shard(
                    source,
                    Split.TRAIN,
                    IntStream.range(0, lengths[source])
                            .map(token -> token % 200)
                            .toArray());
        }
        return shards.finish().open();
    }

    private static Sampler sampler(ShardFolder folder, long seed, int sequence, Double... weights) {
        List<dev.braid.data.store.TokenDataset> streams = new ArrayList<>();
        for (int source = 0; source < weights.length; source++) {
            streams.add(folder.train(source));
        }
        return new Sampler(seed, streams, List.of(weights), sequence, END_OF_TEXT);
    }

    @Test
    void shouldShiftLabelsByOneWhenASampleIsCut() throws IOException {
        try (ShardFolder one = new Shards(folder, 257)
                .shard(0, Split.TRAIN, 10, 11, 256, 20, 256, 30, 31)
                .finish()
                .open()) {
            Sample first = Sampler.cut(one.train(0), 0, 3, END_OF_TEXT);
            Sample second = Sampler.cut(one.train(0), 1, 3, END_OF_TEXT);
            assertThat(first.inputs()).containsExactly(10, 11, 256);
            assertThat(first.labels()).containsExactly(11, 256, 20);
            assertThat(first.positions()).containsExactly(0, 1, 2);
            assertThat(first.documents()).containsExactly(0, 0, 0);
            assertThat(second.inputs()).containsExactly(20, 256, 30);
            assertThat(second.labels()).containsExactly(256, 30, 31);
            assertThat(second.documents()).containsExactly(0, 0, 1);
        }
    }

    @Test
    void shouldMakeEveryTokenALabelOnceWhenAnEpochIsRead() throws IOException {
        try (ShardFolder one = folder(101)) {
            Sampler sampler = sampler(one, 1, 10, 1.0);
            assertThat(sampler.samplesPerEpoch()).isEqualTo(10);
            int[] labels = LongStream.range(0, 10)
                    .mapToObj(sampler::sample)
                    .flatMapToInt(sample -> IntStream.of(sample.labels()))
                    .sorted()
                    .toArray();
            assertThat(labels).isEqualTo(IntStream.rangeClosed(1, 100).toArray());
        }
    }

    @Test
    void shouldLeaveOutTheRestWhenAStreamDoesNotDivide() {
        assertThat(Sampler.countSamples(100, 10)).isEqualTo(9);
        assertThat(Sampler.countSamples(101, 10)).isEqualTo(10);
        assertThat(Sampler.countSamples(10, 10)).isZero();
        assertThat(Sampler.countSamples(0, 10)).isZero();
    }

    @Test
    void shouldGiveTheSameSampleWhenAskedAgainInAnotherOrder() throws IOException {
        try (ShardFolder one = folder(1001)) {
            Sampler sampler = sampler(one, 5, 10, 1.0);
            int[] late = sampler.sample(777).inputs();
            sampler.sample(3);
            assertThat(sampler(one, 5, 10, 1.0).sample(777).inputs()).isEqualTo(late);
        }
    }

    @Test
    void shouldTakeAnotherOrderWhenTheNextEpochBegins() throws IOException {
        try (ShardFolder one = folder(1001)) {
            Sampler sampler = sampler(one, 5, 10, 1.0);
            long[] first = LongStream.range(0, 100).map(sampler::local).toArray();
            long[] second = LongStream.range(100, 200).map(sampler::local).toArray();
            assertThat(second).isNotEqualTo(first).containsExactlyInAnyOrder(first);
            assertThat(sampler.epoch(99)).isZero();
            assertThat(sampler.epoch(100)).isEqualTo(1);
        }
    }

    @Test
    void shouldTakeAnotherOrderWhenTheSeedChanges() throws IOException {
        try (ShardFolder one = folder(1001)) {
            long[] first = LongStream.range(0, 100)
                    .map(sampler(one, 1, 10, 1.0)::local)
                    .toArray();
            long[] second = LongStream.range(0, 100)
                    .map(sampler(one, 2, 10, 1.0)::local)
                    .toArray();
            assertThat(second).isNotEqualTo(first);
        }
    }

    @Test
    void shouldDrawSourcesByTheirWeightsWhenTheyDiffer() throws IOException {
        try (ShardFolder two = folder(101, 201)) {
            Sampler sampler = sampler(two, 9, 10, 2.5, 0.5);
            assertThat(sampler.samplesPerEpoch(0)).isEqualTo(25);
            assertThat(sampler.samplesPerEpoch(1)).isEqualTo(10);
            Map<Integer, Integer> drawn = new HashMap<>();
            for (long sample = 0; sample < 35; sample++) {
                drawn.merge(sampler.source(sample), 1, Integer::sum);
            }
            assertThat(drawn).containsExactlyInAnyOrderEntriesOf(Map.of(0, 25, 1, 10));
        }
    }

    @Test
    void shouldDrawEachSampleEquallyOftenWhenTwoEpochsMakeWholePasses() throws IOException {
        try (ShardFolder two = folder(101, 201)) {
            Sampler sampler = sampler(two, 9, 10, 2.5, 0.5);
            Map<String, Integer> drawn = new HashMap<>();
            for (long sample = 0; sample < 70; sample++) {
                drawn.merge(sampler.source(sample) + " " + sampler.local(sample), 1, Integer::sum);
            }
            assertThat(drawn).hasSize(30);
            assertThat(drawn).allSatisfy((key, count) -> assertThat(count).isEqualTo(key.startsWith("0") ? 5 : 1));
        }
    }

    @Test
    void shouldMixSourcesWhenAnEpochBegins() throws IOException {
        try (ShardFolder two = folder(1001, 1001)) {
            Sampler sampler = sampler(two, 3, 10, 1.0, 1.0);
            assertThat(LongStream.range(0, 40).map(sampler::source).distinct()).hasSize(2);
        }
    }

    @Test
    void shouldRejectWhenASourceHasLessThanOneSample() throws IOException {
        try (ShardFolder one = folder(10)) {
            assertThatThrownBy(() -> sampler(one, 1, 10, 1.0))
                    .isInstanceOf(DataException.class)
                    .hasMessage(
                            "source 'source0' has 10 training tokens, less than one sample of 10 + 1; add text, remove the source,"
                                    + " or set a smaller data.sequence");
        }
    }

    @Test
    void shouldRejectWhenAWeightDrawsNothing() throws IOException {
        try (ShardFolder one = folder(101)) {
            assertThatThrownBy(() -> sampler(one, 1, 10, 0.01))
                    .isInstanceOf(DataException.class)
                    .hasMessage(
                            "source 'source0' has 10 samples, and weight 0.01 takes less than half a sample of it an epoch;"
                                    + " raise the weight or remove the source");
        }
    }

    @Test
    void shouldRejectWhenASampleIsNegativeOrWeightsAreMissing() throws IOException {
        try (ShardFolder one = folder(101)) {
            Sampler sampler = sampler(one, 1, 10, 1.0);
            assertThatThrownBy(() -> sampler.sample(-1)).hasMessage("sample -1 is negative; samples count from 0");
            assertThatThrownBy(() -> new Sampler(1, List.of(one.train(0)), List.of(), 10, END_OF_TEXT))
                    .hasMessage("0 weights for 1 sources");
        }
    }
}
