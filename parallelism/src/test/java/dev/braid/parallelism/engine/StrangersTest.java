package dev.braid.parallelism.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.braid.parallelism.CommunicationSettings;
import dev.braid.parallelism.Fabric;
import dev.braid.parallelism.LocalRank;
import dev.braid.parallelism.LocalWorld;
import dev.braid.parallelism.ReduceOp;
import dev.braid.parallelism.Wires;
import dev.braid.parallelism.control.ControlMessage.Hello;
import dev.braid.parallelism.control.ControlMessage.Leave;
import dev.braid.parallelism.control.ControlMessage.Proof;
import dev.braid.parallelism.control.Handshake;
import dev.braid.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Who is no rank of the attempt is refused and counted, and disturbs nobody. */
class StrangersTest {
    private static final long DEADLINE_NANOS = 20_000_000_000L;
    private static final long EPOCH = new Handshake(LocalWorld.SETTINGS).epoch();
    private static final byte[] NONCE = new byte[Handshake.NONCE_BYTES];
    private static final int FRAMES_A_CHANNEL = 12;
    private static final long MEBIBYTE = 1L << 20;

    private static Stranger stranger(Wires wires, LocalWorld world, int victim) {
        return new Stranger(LocalWorld.transport(wires, 99, world.ranks.size()), world.addresses.get(victim));
    }

    private static void reduce(LocalRank rank) {
        Tensor tensor = rank.floats(rank.rank(), 1);
        rank.world().allReduce(tensor, ReduceOp.SUM).await();
        int n = rank.ranks();
        assertThat(tensor.toFloats()).containsExactly(n * (n - 1) / 2f, n);
        tensor.release();
    }

    private static void untilRefused(Fabric fabric, long count) {
        long start = System.nanoTime();
        while (fabric.traffic().refused() < count) {
            assertThat(System.nanoTime() - start)
                    .as("%d of %d refused", fabric.traffic().refused(), count)
                    .isLessThan(DEADLINE_NANOS);
            Thread.yield();
        }
    }

    /** The handshake of one who believes in other settings than the ranks, in the name of rank 1. */
    private static void knock(Stranger stranger, CommunicationSettings believed) {
        Handshake handshake = new Handshake(believed);
        stranger.send(Stranger.frame(
                Frame.HELLO, handshake.epoch(), 1, new Hello(believed.runId(), believed.attempt(), 1, 0, NONCE)));
        stranger.send(Stranger.frame(Frame.PROOF, handshake.epoch(), 1, handshake.prove(1, 0, NONCE, NONCE)));
    }

    @ParameterizedTest
    @EnumSource(Wires.class)
    void shouldRefuseTheWrongSecret(Wires wires) throws Exception {
        try (LocalWorld world = LocalWorld.of(wires, 2);
                Stranger stranger = stranger(wires, world, 0)) {
            world.each(StrangersTest::reduce);
            knock(stranger, CommunicationSettings.of("tests", 1, new byte[16]));
            untilRefused(world.ranks.get(0).fabric(), 2);
            world.each(StrangersTest::reduce);
        }
    }

    @ParameterizedTest
    @EnumSource(Wires.class)
    void shouldRefuseAnOldAttemptThatKnowsTheSecret(Wires wires) throws Exception {
        try (LocalWorld world = LocalWorld.of(wires, 2);
                Stranger stranger = stranger(wires, world, 0)) {
            world.each(StrangersTest::reduce);
            knock(stranger, CommunicationSettings.of("tests", 0, LocalWorld.SECRET));
            untilRefused(world.ranks.get(0).fabric(), 2);
            world.each(StrangersTest::reduce);
        }
    }

    @ParameterizedTest
    @EnumSource(Wires.class)
    void shouldRefuseAHandshakeThatWasOverheardAndReplayed(Wires wires) throws Exception {
        List<OverheardTransport> overheard = new ArrayList<>();
        try (LocalWorld world = LocalWorld.of(wires, 2, settings -> settings, transport -> {
            overheard.add(new OverheardTransport(transport));
            return overheard.getLast();
        })) {
            world.each(StrangersTest::reduce);
            List<byte[]> ofRank1 = overheard.get(1).frames();
            int count = Math.min(10, ofRank1.size());
            assertThat(count).isGreaterThanOrEqualTo(3); // hello, proof, ready
            try (Stranger stranger = stranger(wires, world, 0)) {
                for (int i = 0; i < count; i++) {
                    stranger.send(ofRank1.get(i));
                }
                untilRefused(world.ranks.get(0).fabric(), count);
            }
            world.each(StrangersTest::reduce);
        }
    }

    @ParameterizedTest
    @EnumSource(Wires.class)
    void shouldRefuseAnotherAttemptsHandshake(Wires wires) throws Exception {
        List<OverheardTransport> overheard = new ArrayList<>();
        try (LocalWorld before = LocalWorld.of(wires, 2, settings -> settings, transport -> {
            overheard.add(new OverheardTransport(transport));
            return overheard.getLast();
        })) {
            before.each(StrangersTest::reduce);
        }
        CommunicationSettings next = CommunicationSettings.of("tests", 2, LocalWorld.SECRET);
        try (LocalWorld world = LocalWorld.of(
                        wires, 2, settings -> next.withTransport(settings.transport()), transport -> transport);
                Stranger stranger = stranger(wires, world, 0)) {
            stranger.send(overheard.get(1).frames().get(0));
            stranger.send(overheard.get(1).frames().get(1));
            untilRefused(world.ranks.get(0).fabric(), 2);
            world.each(StrangersTest::reduce);
        }
    }

    @ParameterizedTest
    @EnumSource(Wires.class)
    void shouldLinkWithARankInWhoseNameAStrangerHasSaidHello(Wires wires) throws Exception {
        // Ranks 0 and 2 of 4 are no neighbours: rank 0 first hears of rank 2 from the stranger, answers to the real one
        // with
        // proofs that fit nothing there, and must not be taken for a stranger itself.
        try (LocalWorld world = LocalWorld.of(wires, 4);
                Stranger stranger = stranger(wires, world, 0)) {
            for (int i = 0; i < 40; i++) {
                byte[] nonce = NONCE.clone();
                nonce[0] = (byte) i;
                stranger.send(Stranger.frame(Frame.HELLO, EPOCH, 2, new Hello("tests", 1, 2, 0, nonce)));
            }
            world.each(StrangersTest::reduce);
            world.each(StrangersTest::reduce);
        }
    }

    @ParameterizedTest
    @EnumSource(Wires.class)
    void shouldCloseTheChannelOfOneWhoGoesOn(Wires wires) throws Exception {
        try (LocalWorld world = LocalWorld.of(wires, 2);
                Stranger stranger = stranger(wires, world, 0)) {
            byte[] farewell = Stranger.frame(Frame.LEAVE, EPOCH + 1, 1, new Leave(1));
            long start = System.nanoTime();
            while (stranger.send(farewell)) {
                assertThat(System.nanoTime() - start).isLessThan(DEADLINE_NANOS);
            }
            assertThat(world.ranks.get(0).fabric().traffic().refused()).isBetween(16L, 18L);
            world.each(StrangersTest::reduce);
        }
    }

    @Test
    void shouldStandAHundredThousandFramesInSharedMemoryWhileRanksReduce() throws Exception {
        flood(Wires.IN_PLACE, 100_000);
    }

    @Test
    void shouldStandFramesOverTcpWhileRanksReduce() throws Exception {
        flood(Wires.TCP, 6000);
    }

    private static void flood(Wires wires, int frames) throws Exception {
        long seed = System.nanoTime();
        AtomicBoolean over = new AtomicBoolean();
        AtomicLong mostBytes = new AtomicLong();
        List<Throwable> problems = new ArrayList<>();
        try (LocalWorld world = LocalWorld.of(wires, 3)) {
            world.each(rank -> rank.world().barrier().await());
            Thread attack = Thread.ofPlatform().name("stranger").start(() -> {
                try {
                    attack(wires, world, frames, new Random(seed), mostBytes);
                } catch (Throwable problem) {
                    problems.add(problem);
                }
                over.set(true);
            });
            world.each(rank -> {
                boolean last = false;
                while (!last) {
                    reduce(rank);
                    Tensor large = rank.zeros(dev.braid.tensor.DType.F32, 30_000);
                    large.set(29_999, 1);
                    rank.world().allReduce(large, ReduceOp.SUM).await();
                    assertThat(large.get(29_999)).isEqualTo(3);
                    large.release();
                    Tensor end = rank.ints(over.get() ? 1 : 0);
                    rank.world().allReduce(end, ReduceOp.MAX).await();
                    last = end.getInt(0) == 1;
                    end.release();
                }
            });
            attack.join();
            assertThat(problems).as("seed " + seed).isEmpty();
            long refused = world.ranks.stream()
                    .mapToLong(rank -> rank.fabric().traffic().refused())
                    .sum();
            assertThat(refused).as("seed " + seed).isEqualTo(frames);
            assertThat(mostBytes.get()).as("bytes held, seed " + seed).isLessThan(64 * MEBIBYTE);
            world.ranks.forEach(rank -> assertThat(rank.fabric().failure()).isEmpty());
        }
    }

    /** Sends {@code frames} frames to the ranks in turn, a few by each channel, never far ahead of what they have refused. */
    private static void attack(Wires wires, LocalWorld world, int frames, Random random, AtomicLong mostBytes) {
        long[] sent = new long[world.ranks.size()];
        try (Stranger stranger = stranger(wires, world, 0)) {
            for (int number = 0; number < frames; number++) {
                int victim = number / FRAMES_A_CHANNEL % world.ranks.size();
                Fabric fabric = world.ranks.get(victim).fabric();
                if (number % FRAMES_A_CHANNEL == 0) {
                    stranger.dial(world.addresses.get(victim));
                    mostBytes.accumulateAndGet(fabric.bufferBytes(), Math::max);
                }
                assertThat(stranger.send(hostile(random, victim))).isTrue();
                sent[victim]++;
                if (number % FRAMES_A_CHANNEL == FRAMES_A_CHANNEL - 1) {
                    untilRefused(fabric, sent[victim] - 10 * FRAMES_A_CHANNEL);
                }
            }
            stranger.hangUp();
            for (int victim = 0; victim < sent.length; victim++) {
                untilRefused(world.ranks.get(victim).fabric(), sent[victim]);
            }
        }
    }

    private static byte[] hostile(Random random, int victim) {
        int other = (victim + 1 + random.nextInt(2)) % 3;
        byte[] junk = new byte[1 + random.nextInt(300)];
        random.nextBytes(junk);
        byte[] nonce = new byte[Handshake.NONCE_BYTES];
        random.nextBytes(nonce);
        byte[] hello = Stranger.frame(Frame.HELLO, EPOCH, other, new Hello("tests", 1, other, victim, nonce));
        return switch (random.nextInt(9)) {
            case 0 -> junk;
            // Right form, another epoch.
            case 1 -> Stranger.frame((byte) (1 + random.nextInt(10)), random.nextLong(), other, junk);
            // Right epoch and form, but nobody has proven anything on this channel.
            case 2 -> Stranger.frame((byte) (3 + random.nextInt(8)), EPOCH, other, junk);
            // A handshake whose Kryo bytes are anything.
            case 3 -> Stranger.frame((byte) (1 + random.nextInt(2)), EPOCH, other, junk);
            case 4 -> hello;
            case 5 -> Stranger.frame(Frame.PROOF, EPOCH, other, new Proof(other, victim, nonce, new byte[32]));
            // Truncated.
            case 6 -> java.util.Arrays.copyOf(hello, 1 + random.nextInt(hello.length - 1));
            // Says that it has more payload than it has: 2^31 - 1 bytes.
            case 7 -> with(hello, 12, new byte[] {-1, -1, -1, 127});
            // A bit that has flipped.
            default -> with(hello, random.nextInt(hello.length), new byte[] {(byte) 0xA5});
        };
    }

    private static byte[] with(byte[] frame, int at, byte[] bytes) {
        byte[] changed = frame.clone();
        System.arraycopy(bytes, 0, changed, at, Math.min(bytes.length, frame.length - at));
        return changed;
    }
}
