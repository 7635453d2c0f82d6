package dev.braid.trainer.train;

import dev.braid.models.DecodeState;
import dev.braid.models.Decoder;
import dev.braid.models.StageOutput;
import dev.braid.parallelism.Communicator;
import dev.braid.parallelism.ExposedTime;
import dev.braid.parallelism.pipeline.StageMap;
import dev.braid.tensor.Category;
import dev.braid.tensor.DType;
import dev.braid.tensor.Memory;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/**
 * Decoding token by token through the stages of a pipeline: each token goes through all ranks, and the one with the head tells the
 * others what comes next. One rank works at a time. Used by the rank's thread.
 */
final class PipelinedGeneration {
    private static final String AXIS = "pipeline";

    private final Decoder model;
    private final StageMap map;
    private final Communicator pipeline;
    private final ExposedTime exposed;
    private final Memory memory;
    private int length;

    /** @param pipeline its ranks in order, for this alone */
    PipelinedGeneration(Decoder model, StageMap map, Communicator pipeline, ExposedTime exposed) {
        this.model = model;
        this.map = map;
        this.pipeline = pipeline;
        this.exposed = exposed;
        this.memory = model.compute().memory();
    }

    /** As {@link Generation#run}, with the same result on all ranks. */
    int[] run(int[] prompt, int count, TokenChooser chooser, int endOfText) {
        try (DecodeState state = model.newState(prompt.length + count)) {
            return Generation.run(prompt, count, tokens -> next(state, tokens, chooser), endOfText, token -> {});
        }
    }

    private int next(DecodeState state, int[] tokens, TokenChooser chooser) {
        int last = map.stages() - 1;
        int chosen = 0;
        List<Tensor> passed = List.of();
        for (int stage = 0; stage <= last; stage++) {
            if (rank(stage) != pipeline.rank()) {
                continue;
            }
            if (stage > 0 && rank(stage - 1) != pipeline.rank()) {
                passed = receive(stage, tokens.length);
            }
            List<Tensor> made = model.decode(state, stage, tokens, length, passed);
            passed = List.of();
            if (stage < last && rank(stage + 1) == pipeline.rank()) {
                passed = made;
                continue;
            }
            if (stage == last) {
                chosen = chooser.choose(made.getFirst().toFloats());
            } else {
                for (Tensor value : made) {
                    exposed.await(AXIS, pipeline.send(value, rank(stage + 1), stage + 1));
                }
            }
            made.forEach(Tensor::release);
        }
        length += tokens.length;
        return told(chosen, rank(last));
    }

    /** The rank of a stage in the first direction. */
    private int rank(int stage) {
        return map.rank(0, stage);
    }

    private List<Tensor> receive(int stage, int tokens) {
        List<Tensor> received = new ArrayList<>();
        for (StageOutput output : model.decodeOutputs(stage - 1, tokens)) {
            Tensor room = memory.allocate(Category.COMMUNICATION, output.dtype(), output.shape());
            exposed.await(AXIS, pipeline.receive(room, rank(stage - 1), stage));
            received.add(room);
        }
        return received;
    }

    private int told(int chosen, int root) {
        Tensor token = memory.allocate(Category.COMMUNICATION, DType.I32, Shape.of(1));
        try {
            token.setInts(new int[] {chosen});
            exposed.await(AXIS, pipeline.broadcast(token, root));
            return token.getInt(0);
        } finally {
            token.release();
        }
    }
}
