package dev.braid.trainer.mesh;

import dev.braid.data.Sample;
import dev.braid.data.tokenizer.Encoder;
import dev.braid.data.tokenizer.Tokenizer;
import dev.braid.parallelism.ExposedTime;
import dev.braid.trainer.config.Experiment;
import dev.braid.trainer.train.MeshRanks;
import dev.braid.trainer.train.PipelineLayout;
import dev.braid.trainer.train.TrainingData;
import dev.braid.trainer.train.TrainingEvent;
import dev.braid.trainer.train.TrainingRun;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** A whole run with its checkpoints, on a mesh of threads; data is that of {@link LayoutRun}. */
final class MeshRun {
    private static final String EXPERIMENT = """
            name: mesh
            model:
              dim: 64
              layers: 2
              context: 24
              tie_embeddings: true
              vocab: 300
              mixers: {attn: {type: attention, heads: 8, kv_heads: 2}}
              ffns: {mlp: {type: swiglu, hidden: 172}}
              pattern: [attn+mlp]
            data: {sources: [{path: none}], tokenizer: {type: bpe, vocab: 300}, validation: 0.1}
            batch: {sequences: 12}
            train: {steps: 25}
            optimizer: {type: adamw, lr: 2.0e-3, clip: 0.9}
            schedule: {type: wsd, warmup: 3, decay: 5, final: 0.1}
            precision: {compute: f32}
            checkpoint: {keep: 1}
            """;

    private final Path folder;
    private final List<String> more;
    private final List<TrainingEvent> events = Collections.synchronizedList(new ArrayList<>());

    /** @param more overrides beside those of the layout */
    MeshRun(Path folder, String... more) {
        this.folder = folder;
        this.more = List.of(more);
    }

    /** The experiment with some values replaced. */
    static Experiment experiment(List<String> overrides) {
        return Experiment.parse("mesh.yaml", EXPERIMENT, overrides);
    }

    /** What rank 0 has told, of all calls. */
    List<TrainingEvent> events() {
        return List.copyOf(events);
    }

    /**
     * Trains from the newest checkpoint, if any, until {@code steps} are done, and saves.
     *
     * @param layout such as {@code replicate=2,shard=2,zero=1}
     * @return losses by step, those of this call only
     */
    Map<Long, Double> trainTo(String layout, int steps) throws Exception {
        List<String> overrides = new ArrayList<>(more);
        java.util.Arrays.stream(layout.split(","))
                .filter(part -> !part.isEmpty())
                .map(part -> "parallel." + part)
                .forEach(overrides::add);
        Experiment parsed = experiment(overrides);
        Experiment experiment = steps > 0
                ? parsed
                : Experiment.parse(
                        "mesh.yaml",
                        EXPERIMENT.replace("steps: 25", "steps: 0").replaceAll("schedule.*\n", ""),
                        overrides);
        Map<Long, Double> losses = Collections.synchronizedMap(new TreeMap<>());
        MeshWorld.run(experiment.parallel().mesh(), rank -> {
            MeshRanks ranks = new MeshRanks(
                    rank.groups(),
                    experiment.parallel().sharding(),
                    LayoutRun.oneHost(experiment.parallel().mesh()),
                    PipelineLayout.of(experiment, LayoutRun.VOCABULARY, Optional.empty()),
                    rank.compute().memory(),
                    new ExposedTime());
            TrainingRun run = new TrainingRun(
                    experiment,
                    folder,
                    new Data(),
                    rank.compute(),
                    ranks,
                    event -> {
                        events.add(event);
                        if (event instanceof TrainingEvent.Stepped stepped) {
                            losses.put(stepped.step(), stepped.loss());
                        }
                    },
                    // one rank's word is enough
                    () -> rank.rank() == 0 && losses.containsKey((long) steps));
            return run.run();
        });
        return losses;
    }

    /** Shows token ids as numbers. */
    record Ids() implements Tokenizer {
        @Override
        public int[] encode(String text) {
            throw new UnsupportedOperationException("there is no text");
        }

        @Override
        public String decode(int[] tokens) {
            return Arrays.toString(tokens);
        }

        @Override
        public int size() {
            return LayoutRun.VOCABULARY;
        }

        @Override
        public int endOfText() {
            return -1;
        }

        @Override
        public Encoder encoder() {
            throw new UnsupportedOperationException("there is no text");
        }

        @Override
        public Map<String, byte[]> files() {
            return Map.of();
        }

        @Override
        public String describe() {
            return "ids";
        }
    }

    /** Every rank has its own, as it has in separate processes. */
    static final class Data implements TrainingData {
        @Override
        public Sample training(long index) {
            return LayoutRun.samples((int) (index / LayoutRun.SEQUENCES)).get((int) (index % LayoutRun.SEQUENCES));
        }

        @Override
        public long epoch(long index) {
            return 0;
        }

        @Override
        public List<Sample> validation() {
            return LayoutRun.samples(1000).subList(0, 5);
        }

        @Override
        public Optional<Tokenizer> tokenizer() {
            return Optional.of(new Ids());
        }

        @Override
        public boolean hasAnswers() {
            return true;
        }

        @Override
        public int vocabulary() {
            return LayoutRun.VOCABULARY;
        }

        @Override
        public String fingerprint() {
            return "formula";
        }
    }
}
