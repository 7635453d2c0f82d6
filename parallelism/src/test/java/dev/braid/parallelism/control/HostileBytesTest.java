package dev.braid.parallelism.control;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import dev.braid.parallelism.CommunicationException.Kind;
import dev.braid.parallelism.control.ControlMessage.Hello;
import dev.braid.parallelism.control.ControlMessage.Leave;
import dev.braid.parallelism.control.ControlMessage.Proof;
import dev.braid.parallelism.control.ControlMessage.Ready;
import dev.braid.parallelism.transport.RankAddress;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** What strangers may send: random bytes, and real messages with a few bytes changed, cut or repeated. */
final class HostileBytesTest {
    private static final int INPUTS = 100_000;

    private final ControlCodec codec = new ControlCodec();

    @Test
    void shouldOnlyEverThrowOneCheckedException() {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        List<byte[]> messages = messages();
        int malformed = 0;
        for (int i = 0; i < INPUTS; i++) {
            byte[] bytes =
                    i % 2 == 0 ? randomBytes(random) : mutate(random, messages.get(random.nextInt(messages.size())));
            try {
                codec.encode(codec.decode(bytes));
            } catch (MalformedMessageException e) {
                malformed++;
            } catch (RuntimeException e) {
                throw new AssertionError("seed " + seed + ", input " + i + ": " + Arrays.toString(bytes), e);
            }
        }
        // A changed rank or nonce is still a message; most of the rest is none.
        assertThat(malformed).as("seed " + seed).isBetween(INPUTS / 2, INPUTS - 1);
    }

    @Test
    void shouldAllocateLittleWhateverLengthsTheBytesName() {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long seed = System.nanoTime();
        Random random = new Random(seed);
        long most = 0;
        for (int i = 0; i < 20_000; i++) {
            byte[] bytes = randomBytes(random);
            bytes[0] = (byte) random.nextInt(24);
            Arrays.fill(bytes, 1, Math.min(bytes.length, 1 + random.nextInt(8)), (byte) 0xff);
            long before = threads.getCurrentThreadAllocatedBytes();
            decodeOrNot(bytes);
            most = Math.max(most, threads.getCurrentThreadAllocatedBytes() - before);
        }
        // An exception with its stack trace takes some KB; a length that was believed would take up to 2 GB.
        assertThat(most).as("seed " + seed).isLessThan(1 << 20);
    }

    @Test
    void shouldRefuseHostileRankAddressesWithOneException() {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        RankAddress address = new RankAddress(1, "host", "id", 2, "key", Map.of("tcp", "127.0.0.1:4711"), "");
        byte[] text = RankAddressCodec.encode(address).getBytes(StandardCharsets.US_ASCII);
        int refused = 0;
        for (int i = 0; i < INPUTS / 5; i++) {
            String hostile = new String(mutate(random, text), StandardCharsets.ISO_8859_1);
            try {
                RankAddressCodec.decode(hostile);
            } catch (IllegalArgumentException e) {
                refused++;
            } catch (RuntimeException e) {
                throw new AssertionError("seed " + seed + ", input " + i + ": " + hostile, e);
            }
        }
        assertThat(refused).as("seed " + seed).isGreaterThan(INPUTS / 10);
    }

    private void decodeOrNot(byte[] bytes) {
        try {
            assertThat(codec.decode(bytes)).isNotNull();
        } catch (MalformedMessageException e) {
            assertThat(e).hasMessageContaining("message");
        }
    }

    private List<byte[]> messages() {
        return List.of(
                codec.encode(new Hello("run-7", 1, 2, 3, new byte[16])),
                codec.encode(new Proof(2, 3, new byte[16], new byte[32])),
                codec.encode(new Ready(2, 3, true)),
                codec.encode(ControlCodec.abort(2, Kind.SILENT, List.of(4, 500), "rank 4 is silent")),
                codec.encode(new Leave(2)));
    }

    private static byte[] randomBytes(Random random) {
        byte[] bytes = new byte[1 + random.nextInt(random.nextBoolean() ? 16 : 4200)];
        random.nextBytes(bytes);
        return bytes;
    }

    private static byte[] mutate(Random random, byte[] original) {
        byte[] bytes = switch (random.nextInt(4)) {
            case 0 -> Arrays.copyOf(original, random.nextInt(original.length));
            case 1 -> Arrays.copyOf(original, original.length + 1 + random.nextInt(8));
            default -> original.clone();
        };
        for (int i = random.nextInt(4); i > 0 && bytes.length > 0; i--) {
            bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
        }
        return bytes;
    }
}
