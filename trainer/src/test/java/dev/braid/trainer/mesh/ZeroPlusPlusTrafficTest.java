package dev.braid.trainer.mesh;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.braid.models.Batch;
import dev.braid.models.Decoder;
import dev.braid.parallelism.mesh.Mesh;
import dev.braid.parallelism.sharding.ShardingSettings;
import dev.braid.parallelism.sharding.ZeroPlusPlus;
import dev.braid.tensor.Category;
import dev.braid.tensor.DType;
import dev.braid.tensor.autograd.Tape;
import dev.braid.tensor.parameters.ParameterStore;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * What the savings of ZeRO++ send in a step with bf16 values between and inside two hosts of two ranks. A gather sends each byte to
 * the two ranks of the other host and the one beside; a reduce-scatter as many of its own, f32. INT8 is 260 bytes for 256 numbers,
 * INT4 68 for 128.
 */
class ZeroPlusPlusTrafficTest {
    private static final List<String> HOSTS = List.of("a", "a", "b", "b");
    private static final Mesh MESH = Mesh.of(1, 4, 1);

    /** Numbers in matrices: of the table, and of both blocks (q and o, k and v, three of the gated layer). */
    private static final long TABLE = 300 * 64;

    private static final long BLOCKS = 2 * (2 * 64 * 64 + 2 * 16 * 64 + 3 * 172 * 64);

    /** Numbers in vectors, f32: two norms of 64 and two of 8 in each block, the last norm. */
    private static final long NORMS = 2 * (64 + 64 + 8 + 8);

    private static final long LAST_NORM = 64;

    /** Where values and gradients travel as they lie, a norm of 8 is filled up to 16. */
    private static final long FILLED = 2 * (64 + 64 + 16 + 16);

    /** Bytes to the other host and to the own one, over all ranks, and of parameters on rank 0. */
    private record Sent(long across, long inside, long parameters) {}

    private static Sent step(String savings) throws Exception {
        Set<ZeroPlusPlus> set = Arrays.stream(savings.split(" "))
                .filter(key -> !key.equals("none"))
                .map(ZeroPlusPlusTrafficTest::saving)
                .collect(Collectors.toSet());
        LayoutRun run = LayoutRun.of(MESH, 3)
                .in(DType.BF16)
                .with(ShardingSettings.ofStage(3).with(set))
                .onHosts(HOSTS.toArray(String[]::new));
        List<Sent> sent = MeshWorld.run(MESH, rank -> step(rank, run));
        return new Sent(
                sent.stream().mapToLong(Sent::across).sum(),
                sent.stream().mapToLong(Sent::inside).sum(),
                sent.getFirst().parameters);
    }

    private static ZeroPlusPlus saving(String key) {
        return Arrays.stream(ZeroPlusPlus.values())
                .filter(saving -> saving.key().equals(key))
                .findFirst()
                .orElseThrow();
    }

    private static Sent step(MeshWorld.Rank rank, LayoutRun run) {
        Decoder model = new Decoder(
                LayoutRun.model(),
                LayoutRun.VOCABULARY,
                rank.compute(),
                DType.BF16,
                run.ranks(rank).layout());
        model.initialize(7);
        rank.groups().world().barrier().await();
        long across = sent(rank, false);
        long inside = sent(rank, true);
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
        return new Sent(
                sent(rank, false) - across,
                sent(rank, true) - inside,
                rank.compute().memory().live(Category.PARAMETERS));
    }

    private static long sent(MeshWorld.Rank rank, boolean inside) {
        String mine = HOSTS.get(rank.rank());
        long bytes = 0;
        for (int other = 0; other < HOSTS.size(); other++) {
            if (HOSTS.get(other).equals(mine) == inside) {
                bytes += rank.groups().fabric().bytesTo(other);
            }
        }
        return bytes;
    }

    /** Bytes of what is gathered once a step and of what is gathered again, and of gradients. */
    private record Volume(long first, long again, long gradients) {}

    private static Volume volume(boolean quantizedValues, boolean quantizedGradients) {
        long matrices = TABLE + BLOCKS;
        long again = quantizedValues ? matrices * 260 / 256 + 4 * NORMS : 2 * matrices + 4 * FILLED;
        return new Volume(
                again + 4 * LAST_NORM,
                again,
                quantizedGradients
                        ? matrices * 68 / 128 + 4 * (NORMS + LAST_NORM)
                        : 4 * (matrices + FILLED + LAST_NORM));
    }

    @ParameterizedTest
    @CsvSource({
        "none, false, false, false",
        "qwz, true, false, false",
        "hpz, false, true, false",
        "qgz, false, false, true",
        "qwz hpz, true, true, false",
        "qwz hpz qgz, true, true, true"
    })
    void shouldSendWhatTheFormulasSay(String savings, boolean qwz, boolean hpz, boolean qgz) throws Exception {
        Volume volume = volume(qwz, qgz);
        // The copies that a host keeps are not quantised; each rank gets half of them from the other.
        long again = hpz ? 0 : volume.again;
        long fromCopies = hpz ? volume(false, false).again : 0;
        // Each rank sends half of its gradient to the other of its host; of the sums, each crosses once.
        long gradientsAcross = qgz ? volume.gradients : 2 * volume.gradients;
        long gradientsInside = qgz ? 2 * volume.gradients : volume.gradients;
        Sent sent = step(savings);
        assertThat(sent.across).isEqualTo(2 * (volume.first + again) + gradientsAcross);
        assertThat(sent.inside).isEqualTo(volume.first + again + 2 * fromCopies + gradientsInside);
    }

    /** G3.4: forward 0.5, backward 0, gradients 0.25 of M; these with scales, in the last half as there are two hosts only. */
    @Test
    void shouldSaveBetweenHostsWhatThePaperSays() throws Exception {
        // A bf16 pass over all parameters, from one host to the other and back.
        double pass = 2 * 2.0 * (TABLE + BLOCKS);
        double wide = step("none").across;
        double plain = volume(false, false).gradients * 2;
        assertThat((wide - plain) / pass).isCloseTo(2, within(0.02));
        assertThat((step("qwz").across - plain) / pass).isCloseTo(2 * 0.5, within(0.03));
        assertThat((step("hpz").across - plain) / pass).isCloseTo(1 + 0, within(0.01));
        assertThat((step("qgz").across - (wide - plain)) / pass).isCloseTo(0.25 / 2, within(0.02));
        assertThat(step("qwz hpz qgz").across / pass).isCloseTo(0.5 + 0 + 0.25 / 2, within(0.03));
    }

    @Test
    void shouldCountTheCopiesOfAHostAmongTheParameters() throws Exception {
        long copy = (2 * (TABLE + BLOCKS) + 4 * (FILLED + LAST_NORM)) / 2;
        assertThat(step("hpz").parameters - step("none").parameters).isEqualTo(copy);
    }
}
