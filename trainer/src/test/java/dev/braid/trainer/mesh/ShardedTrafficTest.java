package dev.braid.trainer.mesh;

import static org.assertj.core.api.Assertions.assertThat;

import dev.braid.models.Batch;
import dev.braid.models.Decoder;
import dev.braid.parallelism.mesh.Mesh;
import dev.braid.parallelism.sharding.UnitLayout;
import dev.braid.tensor.DType;
import dev.braid.tensor.autograd.Tape;
import dev.braid.tensor.parameters.ParameterStore;
import dev.braid.tensor.parameters.Unit;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * What sharding sends in a step. Each rank sends (N-1)/N of a buffer in a reduce-scatter or an all-gather: over all ranks, N-1
 * times the buffer.
 */
class ShardedTrafficTest {
    @ParameterizedTest(name = "{0} at stage {1} over {2}")
    @CsvSource({"F32, 0, 2", "F32, 1, 3", "F32, 2, 3", "F32, 3, 3", "BF16, 0, 3", "BF16, 1, 2", "BF16, 3, 4"})
    void shouldSendWhatTheFormulaSays(DType dtype, int stage, int ranks) throws Exception {
        UnitBytes embedding = new UnitBytes();
        UnitBytes blocks = new UnitBytes();
        UnitBytes output = new UnitBytes();
        long sent = total(dtype, stage, ranks, List.of(embedding, blocks, output));
        long gradients = embedding.gradients + blocks.gradients + output.gradients;
        long values = switch (stage) {
            case 0 -> gradients;
            case 1, 2 -> embedding.values + blocks.values + output.values;
            // The table once for look-ups and once as the head, blocks forward and backward, the last norm once.
            default -> 2 * embedding.values + 2 * blocks.values + output.values;
        };
        assertThat(sent).isEqualTo((ranks - 1) * (gradients + values));
        // Psi of this model, with a norm of 8 in two layers twice filled up to 16.
        assertThat(gradients).isEqualTo(4 * (300 * 64 + 2 * (10_240 + 3 * 172 * 64 + 2 * 64 + 16) + 64 + 2 * 16));
    }

    private static final class UnitBytes {
        private long gradients;
        private long values;
    }

    private static long total(DType dtype, int stage, int ranks, List<UnitBytes> bytes) throws Exception {
        Mesh mesh = Mesh.of(1, ranks, 1);
        LayoutRun run = LayoutRun.of(mesh, stage).in(dtype);
        List<Long> sent = MeshWorld.run(mesh, rank -> {
            Decoder model = new Decoder(
                    LayoutRun.model(),
                    LayoutRun.VOCABULARY,
                    rank.compute(),
                    dtype,
                    run.ranks(rank).layout());
            model.initialize(7);
            if (rank.rank() == 0) {
                for (Unit unit : model.architecture().parameters().units()) {
                    int kind = unit.name().equals("embedding") ? 0 : unit.name().equals("output") ? 2 : 1;
                    UnitLayout layout = new UnitLayout(unit, ranks);
                    bytes.get(kind).gradients += 4 * layout.elements();
                    bytes.get(kind).values += layout.bytes();
                }
            }
            rank.groups().world().barrier().await();
            long before = rank.groups().fabric().traffic().bytes();
            ParameterStore store = model.store();
            store.beginStep(1);
            store.beginMicrobatch();
            try (Batch batch = Batch.allocate(rank.compute().memory(), 1, 4);
                    Tape tape = model.trainingTape()) {
                model.loss(tape, batch, 1, false);
                tape.backward();
            }
            store.finishGradients();
            store.publish();
            // Waits for what was published at stages 1 and 2.
            if (stage < 3) {
                model.architecture().parameters().units().forEach(Unit::needValues);
            }
            return rank.groups().fabric().traffic().bytes() - before;
        });
        return sent.stream().mapToLong(Long::longValue).sum();
    }
}
