package dev.braid.parallelism.control;

import com.esotericsoftware.kryo.kryo5.Kryo;
import com.esotericsoftware.kryo.kryo5.io.Input;
import com.esotericsoftware.kryo.kryo5.io.KryoBufferOverflowException;
import com.esotericsoftware.kryo.kryo5.io.Output;
import dev.braid.parallelism.transport.RankAddress;
import java.util.Base64;
import java.util.Map;
import java.util.TreeMap;

/**
 * Rank addresses to and from a text of one line, such as {@code braid-rank-1:EgMAB...}, for channels that carry strings only. The
 * number is the version of the format. Equal addresses give equal texts. Stateless and thread-safe.
 */
public final class RankAddressCodec {
    /** Most characters of the text. */
    public static final int LIMIT = 8192;

    private static final String NAME = "braid-rank-";
    private static final String PREFIX = NAME + "1:";
    private static final int BYTES = (LIMIT - PREFIX.length()) / 4 * 3;
    private static final int ENDPOINTS = 16;
    private static final int TEXT = 1024;

    private RankAddressCodec() {}

    /**
     * The text of an address.
     *
     * @throws IllegalArgumentException when it would be longer than {@link #LIMIT} characters
     */
    public static String encode(RankAddress address) {
        Output output = new Output(BYTES, BYTES);
        try {
            kryo().writeClassAndObject(output, address);
        } catch (KryoBufferOverflowException e) {
            throw new IllegalArgumentException(
                    "the address of " + address + " takes more than " + LIMIT + " characters", e);
        }
        return PREFIX + Base64.getEncoder().withoutPadding().encodeToString(output.toBytes());
    }

    /**
     * The address that a text is.
     *
     * @throws IllegalArgumentException when it is none; the message says what is wrong
     */
    public static RankAddress decode(String text) {
        if (text.length() > LIMIT) {
            throw new IllegalArgumentException(
                    "a rank's address of " + text.length() + " characters, at most " + LIMIT + " are allowed");
        }
        if (!text.startsWith(PREFIX)) {
            throw new IllegalArgumentException(
                    text.startsWith(NAME)
                            ? "a rank's address of another version: '" + start(text) + "', this program reads '"
                                    + PREFIX + "'; start all ranks from the same build"
                            : "not a rank's address: '" + start(text) + "', must start with '" + PREFIX + "'");
        }
        try {
            Input input = new Input(Base64.getDecoder().decode(text.substring(PREFIX.length())));
            RankAddress address = (RankAddress) kryo().readClassAndObject(input);
            if (Fields.left(input) > 0) {
                throw new IllegalArgumentException(Fields.left(input) + " bytes too many");
            }
            return address;
        } catch (RuntimeException e) {
            throw new IllegalArgumentException(
                    "a rank's address that cannot be read: '" + start(text) + "...': " + e.getMessage(), e);
        }
    }

    private static String start(String text) {
        return text.substring(0, Math.min(text.length(), 24));
    }

    private static Kryo kryo() {
        Kryo kryo = RegisteredClasses.kryo();
        kryo.register(
                RankAddress.class,
                new MessageSerializer<>(RankAddressCodec::write, RankAddressCodec::read),
                RegisteredClasses.FIRST);
        return kryo;
    }

    private static void write(Output output, RankAddress address) {
        Fields.writeNumber(output, "rank", address.rank());
        Fields.writeText(output, "host", address.host(), 0, TEXT);
        Fields.writeText(output, "host id", address.hostId(), 0, TEXT);
        output.writeVarLong(address.processId(), true);
        Fields.writeText(output, "process key", address.processKey(), 0, TEXT);
        Fields.writeNumber(
                output,
                "endpoints",
                Fields.countWithin("endpoints", address.endpoints().size(), ENDPOINTS));
        new TreeMap<>(address.endpoints()).forEach((transport, endpoint) -> {
            Fields.writeText(output, "transport", transport, 1, TEXT);
            Fields.writeText(output, "endpoint of " + transport, endpoint, 0, TEXT);
        });
        Fields.writeText(output, "memory", address.memory(), 0, TEXT);
    }

    private static RankAddress read(Input input) {
        return new RankAddress(
                Fields.readNumber(input, "rank"),
                Fields.readText(input, "host", 0, TEXT),
                Fields.readText(input, "host id", 0, TEXT),
                input.readVarLong(true),
                Fields.readText(input, "process key", 0, TEXT),
                readEndpoints(input),
                Fields.readText(input, "memory", 0, TEXT));
    }

    private static Map<String, String> readEndpoints(Input input) {
        int count = Fields.countWithin("endpoints", Fields.readNumber(input, "count of endpoints"), ENDPOINTS);
        Map<String, String> endpoints = new TreeMap<>();
        for (int i = 0; i < count; i++) {
            String transport = Fields.readText(input, "transport", 1, TEXT);
            endpoints.put(transport, Fields.readText(input, "endpoint of " + transport, 0, TEXT));
        }
        return endpoints;
    }
}
