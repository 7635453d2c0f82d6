package dev.braid.trainer.mesh;

import dev.braid.data.Sample;
import dev.braid.models.Batch;
import dev.braid.models.Decoder;
import dev.braid.models.ModelConfig;
import dev.braid.models.StageResult;
import dev.braid.models.StageSplit;
import dev.braid.optimizers.AdamW;
import dev.braid.optimizers.AdamWConfig;
import dev.braid.parallelism.Communicator;
import dev.braid.parallelism.ExposedTime;
import dev.braid.parallelism.Handle;
import dev.braid.parallelism.mesh.Axis;
import dev.braid.parallelism.mesh.Mesh;
import dev.braid.parallelism.pipeline.StageMap;
import dev.braid.parallelism.sharding.PipelineCopies;
import dev.braid.parallelism.sharding.ShardingSettings;
import dev.braid.tensor.Category;
import dev.braid.tensor.DType;
import dev.braid.tensor.Memory;
import dev.braid.tensor.Tensor;
import dev.braid.tensor.autograd.Tape;
import dev.braid.tensor.autograd.Variable;
import dev.braid.tensor.parameters.Parameter;
import dev.braid.trainer.train.MeshRanks;
import dev.braid.trainer.train.SavedTraining;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Steps of a model in stages on a mesh of threads, without a schedule: all micro-batches forward, one after the other, and then all
 * backward. Shows what stages and stores do, in an order in which nothing can go wrong.
 *
 * @param map who holds which stage; one direction on a mesh without pipeline
 * @param groups how many groups of micro-batches add up by themselves
 */
record StagedRun(Mesh mesh, int zero, StageMap map, StageSplit split, DType dtype, int groups) {
    private static final int MICROBATCHES = 4;
    private static final int STEPS = 2;
    private static final float SCALE = 0.01f;

    /** What a rank has at the end, by parameter name, and the most bytes that it had for communication. */
    record Outcome(Map<String, Values> values, double loss, long answersFor, long communicationPeak) {}

    /** Gradient of the last step, master, and first moment of what the rank holds. */
    record Values(float[] gradient, float[] master, float[] moment) {}

    /** The same model on the same ranks but without pipeline. */
    StagedRun whole() {
        Mesh flat = new Mesh(1, mesh.replicate(), mesh.shard(), 1, mesh.tensor());
        StageSplit one = StageSplit.whole(model().layers());
        return new StagedRun(
                flat, zero, StageMap.linear(1), one, dtype, map.directions().size());
    }

    static ModelConfig model() {
        ModelConfig two = LayoutRun.model();
        return new ModelConfig(
                two.dim(),
                5,
                two.context(),
                two.tieEmbeddings(),
                two.mixers(),
                two.ffns(),
                two.pattern(),
                two.vocab(),
                two.normEps(),
                two.initStd());
    }

    List<Outcome> run() throws Exception {
        return MeshWorld.run(mesh, rank -> new RankRun(rank).run());
    }

    /** The same, and then saves. */
    List<Outcome> save(Path folder) throws Exception {
        return MeshWorld.run(mesh, rank -> {
            RankRun run = new RankRun(rank);
            Outcome outcome = run.run();
            SavedTraining.save(folder, run.ranks, run.model, run.optimizer);
            return outcome;
        });
    }

    /** What ranks have that were not trained but loaded. */
    List<Outcome> load(Path folder) throws Exception {
        return MeshWorld.run(mesh, rank -> {
            RankRun run = new RankRun(rank);
            SavedTraining.resume(folder, run.ranks, run.model, run.optimizer);
            return run.outcome();
        });
    }

    private MeshRanks ranks(MeshWorld.Rank rank) {
        PipelineCopies copies = MeshRanks.copies(rank.groups(), map, split.units(model().tieEmbeddings(), false));
        return new MeshRanks(
                rank.groups(),
                ShardingSettings.ofStage(zero),
                LayoutRun.oneHost(mesh),
                copies,
                rank.compute().memory(),
                new ExposedTime());
    }

    private Decoder decoder(MeshWorld.Rank rank, MeshRanks ranks) {
        List<Integer> held = map.stagesOf(rank.groups().along(Axis.PIPELINE).rank());
        return new Decoder(model(), LayoutRun.VOCABULARY, rank.compute(), dtype, ranks.layout(), split, held);
    }

    private static AdamW optimizer(Decoder model) {
        return new AdamW(
                new AdamWConfig(1e-2, List.of(0.9, 0.95), 1e-8, 0.1, Optional.empty()),
                model.parameters(),
                model.compute());
    }

    private final class RankRun {
        private final MeshWorld.Rank rank;
        private final Memory memory;
        private final Communicator pipeline;
        private final MeshRanks ranks;
        private final Decoder model;
        private final AdamW optimizer;
        private final List<Handle> sends = new ArrayList<>();
        private final List<Tensor> sent = new ArrayList<>();
        private double loss;

        RankRun(MeshWorld.Rank rank) {
            this.rank = rank;
            this.memory = rank.compute().memory();
            this.pipeline = rank.groups().along(Axis.PIPELINE);
            this.ranks = ranks(rank);
            this.model = decoder(rank, ranks);
            model.initialize(7);
            this.optimizer = optimizer(model);
        }

        Outcome run() {
            for (int step = 0; step < STEPS; step++) {
                step(step);
                if (step < STEPS - 1) {
                    optimizer.step(1e-2, 1);
                    model.store().publish();
                }
            }
            requireNothingLeft();
            return outcome();
        }

        private Outcome outcome() {
            Map<String, Values> values = new LinkedHashMap<>();
            long mine = 0;
            for (Parameter parameter : model.parameters()) {
                mine += parameter.mine().count();
                values.put(
                        parameter.name() + "+" + parameter.from(),
                        new Values(
                                parameter.gradient().toFloats(),
                                parameter.master().toFloats(),
                                optimizer.state(parameter).get("m").toFloats()));
            }
            return new Outcome(values, loss, mine, memory.peak(Category.COMMUNICATION));
        }

        /** The fabric keeps a few pages of communication at any time; a gradient of the table would be more. */
        private void requireNothingLeft() {
            long table = 4L * LayoutRun.VOCABULARY * model().dim() / mesh.tensor();
            if (memory.live(Category.ACTIVATIONS) > 0 || memory.live(Category.COMMUNICATION) >= table) {
                throw new AssertionError("rank " + rank.rank() + " has left " + memory.live(Category.ACTIVATIONS)
                        + " and " + memory.live(Category.COMMUNICATION) + " bytes");
            }
        }

        private void step(int step) {
            boolean pipelined = mesh.pipeline() > 1;
            model.store().beginStep(pipelined ? 1 : MICROBATCHES);
            List<Microbatch> all = new ArrayList<>();
            if (pipelined) {
                model.store().beginMicrobatch();
                map.stagesOf(pipeline.rank()).forEach(model::holdGradients);
            }
            for (int m = 0; m < MICROBATCHES; m++) {
                if (!pipelined) {
                    model.store().beginMicrobatch();
                    if (m > 0 && m * groups % MICROBATCHES == 0) {
                        model.store().nextGroup();
                    }
                }
                Microbatch microbatch = new Microbatch(step, m);
                microbatch.forward();
                if (pipelined) {
                    all.add(microbatch);
                } else {
                    microbatch.backward();
                    microbatch.close();
                }
            }
            all.forEach(Microbatch::backward);
            all.forEach(Microbatch::close);
            if (pipelined) {
                // Ranks come to the end of their stages in different orders.
                List<Integer> held = map.stagesOf(pipeline.rank());
                (pipeline.rank() % 2 == 0 ? held : held.reversed()).forEach(model::completeGradients);
            }
            model.store().finishGradients();
            sends.forEach(Handle::await);
            sent.forEach(Tensor::release);
            sends.clear();
            sent.clear();
        }

        private final class Microbatch {
            private final int index;
            private final int direction;
            private final Batch batch;
            private final Map<Integer, Tape> tapes = new HashMap<>();
            private final Map<Integer, Variable> inputs = new HashMap<>();
            private final Map<Integer, Variable> outputs = new HashMap<>();

            Microbatch(int step, int index) {
                this.index = index;
                this.direction = map.direction(index, MICROBATCHES);
                this.batch = Batch.allocate(memory, 1, LayoutRun.LENGTH);
                int data = rank.groups().data().rank();
                Sample sample = LayoutRun.samples(step).get(MICROBATCHES * data + index);
                batch.set(0, sample.inputs(), sample.labels(), sample.positions(), sample.documents());
            }

            private boolean here(int stage) {
                return map.rank(direction, stage) == pipeline.rank();
            }

            void forward() {
                int last = split.stages().size() - 1;
                for (int stage = 0; stage <= last; stage++) {
                    if (!here(stage)) {
                        continue;
                    }
                    Tape tape = model.trainingTape();
                    tapes.put(stage, tape);
                    Map<String, Variable> taken = Map.of();
                    if (stage > 0) {
                        Variable input = here(stage - 1)
                                ? leaf(tape, outputs.get(stage - 1).value())
                                : receivedLeaf(tape, stage);
                        inputs.put(stage, input);
                        taken = Map.of("hidden", input);
                    }
                    StageResult result = model.forward(tape, stage, taken, batch, SCALE, false);
                    loss += result.loss();
                    if (stage < last) {
                        Variable output = result.passed().get("hidden");
                        outputs.put(stage, output);
                        if (!here(stage + 1)) {
                            send(output.value().retain(), map.rank(direction, stage + 1), 2 * stage);
                        }
                    }
                }
            }

            private Variable receivedLeaf(Tape tape, int stage) {
                Tensor value = receive(stage - 1, map.rank(direction, stage - 1), 2 * (stage - 1));
                Variable leaf = leaf(tape, value);
                value.release();
                return leaf;
            }

            private Variable leaf(Tape tape, Tensor value) {
                return tape.dividedLeaf(value, LayoutRun.LENGTH, true);
            }

            void backward() {
                int last = split.stages().size() - 1;
                for (int stage = last; stage >= 0; stage--) {
                    if (!here(stage)) {
                        continue;
                    }
                    if (stage == last) {
                        tapes.get(stage).backward();
                    } else {
                        Tensor gradient = here(stage + 1)
                                ? inputs.get(stage + 1).passedGradient().orElseThrow()
                                : receive(stage, map.rank(direction, stage + 1), 2 * stage + 1);
                        tapes.get(stage).backward(outputs.get(stage), gradient);
                    }
                    if (stage > 0 && !here(stage - 1)) {
                        Tensor gradient = inputs.get(stage).passedGradient().orElseThrow();
                        send(gradient, map.rank(direction, stage - 1), 2 * (stage - 1) + 1);
                    }
                }
            }

            private void send(Tensor tensor, int to, int tag) {
                sends.add(pipeline.send(tensor, to, tag * MICROBATCHES + index));
                sent.add(tensor);
            }

            private Tensor receive(int passing, int from, int tag) {
                Tensor tensor = memory.allocate(
                        Category.ACTIVATIONS,
                        dtype,
                        model.outputs(passing, LayoutRun.LENGTH).getFirst().shape());
                pipeline.receive(tensor, from, tag * MICROBATCHES + index).await();
                return tensor;
            }

            void close() {
                tapes.values().forEach(Tape::close);
                batch.close();
            }
        }
    }
}
