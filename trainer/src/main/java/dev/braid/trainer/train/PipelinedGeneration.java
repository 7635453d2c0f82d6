package dev.braid.trainer.train;

import dev.braid.models.DecodeState;
import dev.braid.models.Decoder;
import dev.braid.parallelism.Communicator;
import dev.braid.parallelism.ExposedTime;
import dev.braid.parallelism.pipeline.StageMap;
import dev.braid.tensor.Category;
import dev.braid.tensor.DType;
import dev.braid.tensor.Memory;
import dev.braid.tensor.Shape;
import dev.braid.tensor.Tensor;
import java.util.Optional;

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
        Optional<Tensor> hidden = Optional.empty();
        for (int stage = 0; stage <= last; stage++) {
            if (rank(stage) != pipeline.rank()) {
                continue;
            }
            if (stage > 0 && rank(stage - 1) != pipeline.rank()) {
                hidden = Optional.of(receive(stage, tokens.length));
            }
            Tensor made = model.decode(state, stage, tokens, length, hidden);
            hidden = Optional.empty();
            if (stage == last) {
                chosen = chooser.choose(made.toFloats());
                made.release();
            } else if (rank(stage + 1) == pipeline.rank()) {
                hidden = Optional.of(made);
            } else {
                exposed.await(AXIS, pipeline.send(made, rank(stage + 1), stage + 1));
                made.release();
            }
        }
        length += tokens.length;
        return told(chosen, rank(last));
    }

    /** The rank of a stage in the first direction. */
    private int rank(int stage) {
        return map.rank(0, stage);
    }

    private Tensor receive(int stage, int tokens) {
        Tensor room = memory.allocate(
                Category.COMMUNICATION,
                model.dtype(),
                Shape.of(tokens, model.config().dim()));
        exposed.await(AXIS, pipeline.receive(room, rank(stage - 1), stage));
        return room;
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
