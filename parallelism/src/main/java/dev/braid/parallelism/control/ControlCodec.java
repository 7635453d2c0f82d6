package dev.braid.parallelism.control;

import com.esotericsoftware.kryo.kryo5.Kryo;
import com.esotericsoftware.kryo.kryo5.io.Input;
import com.esotericsoftware.kryo.kryo5.io.KryoBufferOverflowException;
import com.esotericsoftware.kryo.kryo5.io.Output;
import dev.braid.parallelism.CommunicationException.Kind;
import dev.braid.parallelism.control.ControlMessage.Abort;
import dev.braid.parallelism.control.ControlMessage.Hello;
import dev.braid.parallelism.control.ControlMessage.Leave;
import dev.braid.parallelism.control.ControlMessage.Proof;
import dev.braid.parallelism.control.ControlMessage.Ready;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Collection;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.function.Function;

/**
 * Control messages to and from bytes, by Kryo with fixed class numbers. A message takes at most {@link #LIMIT} bytes, and reading
 * one, whatever its bytes are, allocates no more than a small multiple of that.
 *
 * <p>Not thread-safe: one codec for each engine.
 */
public final class ControlCodec {
    /** Most bytes of a message. */
    public static final int LIMIT = 4096;

    /** Most ranks that an {@link Abort} names. */
    public static final int MISSING_LIMIT = 256;

    /** Most characters of the reason in an {@link Abort}. */
    public static final int REASON_LIMIT = 1000;

    /** Most characters of a run id. */
    public static final int RUN_ID_LIMIT = 128;

    /** Leaves room for {@link #MISSING_LIMIT} ranks of five bytes, the longest that a number takes. */
    private static final int REASON_BYTES = LIMIT - 5 * MISSING_LIMIT - 64;

    private final Kryo kryo = RegisteredClasses.kryo();
    private final Output output = new Output(LIMIT, LIMIT);
    private final Input input = new Input();
    private final byte[] incoming = new byte[LIMIT];

    public ControlCodec() {
        // The numbers are the wire format: never reuse or reorder them.
        register(16, Hello.class, ControlCodec::writeHello, ControlCodec::readHello);
        register(17, Proof.class, ControlCodec::writeProof, ControlCodec::readProof);
        register(18, Ready.class, ControlCodec::writeReady, ControlCodec::readReady);
        register(19, Abort.class, ControlCodec::writeAbort, ControlCodec::readAbort);
        register(20, Leave.class, ControlCodec::writeLeave, ControlCodec::readLeave);
    }

    /**
     * An {@link Abort} that is sure to fit into a message: of {@code missing} the first {@link #MISSING_LIMIT} ranks, of
     * {@code reason} the first {@link #REASON_LIMIT} characters, fewer where they take several bytes each.
     */
    public static Abort abort(int origin, Kind kind, Collection<Integer> missing, String reason) {
        List<Integer> ranks = missing.stream().limit(MISSING_LIMIT).toList();
        return new Abort(origin, kind, ranks, shorten(reason));
    }

    /**
     * The bytes of a message.
     *
     * @throws IllegalArgumentException when a field breaks its limit; the message names it
     */
    public byte[] encode(ControlMessage message) {
        output.reset();
        try {
            kryo.writeClassAndObject(output, message);
        } catch (KryoBufferOverflowException e) {
            throw new IllegalArgumentException(
                    message.getClass().getSimpleName() + " takes more than " + LIMIT + " bytes", e);
        }
        return output.toBytes();
    }

    /** The message that {@code bytes} are. */
    public ControlMessage decode(byte[] bytes) throws MalformedMessageException {
        return decode(ByteBuffer.wrap(bytes));
    }

    /**
     * The message that the rest of {@code bytes} is, all of it. The buffer's position does not change.
     *
     * @throws MalformedMessageException for anything else than the bytes of one message
     */
    public ControlMessage decode(ByteBuffer bytes) throws MalformedMessageException {
        int length = bytes.remaining();
        if (length > LIMIT) {
            throw new MalformedMessageException(
                    "a control message of " + length + " bytes, at most " + LIMIT + " are allowed");
        }
        bytes.get(bytes.position(), incoming, 0, length);
        input.setBuffer(incoming, 0, length);
        ControlMessage message;
        try {
            message = (ControlMessage) kryo.readClassAndObject(input);
        } catch (RuntimeException e) {
            // Whatever strangers make Kryo throw, it means one thing here.
            throw new MalformedMessageException("not a control message: " + e.getMessage(), e);
        }
        if (Fields.left(input) > 0) {
            throw new MalformedMessageException(Fields.left(input) + " bytes follow the message "
                    + message.getClass().getSimpleName());
        }
        return message;
    }

    private <T extends ControlMessage> void register(
            int number, Class<T> type, BiConsumer<Output, T> writer, Function<Input, T> reader) {
        kryo.register(type, new MessageSerializer<>(writer, reader), number);
    }

    private static void writeHello(Output output, Hello hello) {
        Fields.writeText(output, "run id", hello.runId(), 1, RUN_ID_LIMIT);
        Fields.writeNumber(output, "attempt", hello.attempt());
        Fields.writeNumber(output, "from", hello.from());
        Fields.writeNumber(output, "to", hello.to());
        Fields.writeBytes(output, "nonce", hello.nonce(), Handshake.NONCE_BYTES);
    }

    private static Hello readHello(Input input) {
        return new Hello(
                Fields.readText(input, "run id", 1, RUN_ID_LIMIT),
                Fields.readNumber(input, "attempt"),
                Fields.readNumber(input, "from"),
                Fields.readNumber(input, "to"),
                Fields.readBytes(input, "nonce", Handshake.NONCE_BYTES));
    }

    private static void writeProof(Output output, Proof proof) {
        Fields.writeNumber(output, "from", proof.from());
        Fields.writeNumber(output, "to", proof.to());
        Fields.writeBytes(output, "nonce", proof.nonce(), Handshake.NONCE_BYTES);
        Fields.writeBytes(output, "mac", proof.mac(), Handshake.MAC_BYTES);
    }

    private static Proof readProof(Input input) {
        return new Proof(
                Fields.readNumber(input, "from"),
                Fields.readNumber(input, "to"),
                Fields.readBytes(input, "nonce", Handshake.NONCE_BYTES),
                Fields.readBytes(input, "mac", Handshake.MAC_BYTES));
    }

    private static void writeReady(Output output, Ready ready) {
        Fields.writeNumber(output, "from", ready.from());
        Fields.writeNumber(output, "to", ready.to());
        Fields.writeNumber(output, "reads memory", ready.readsMemory() ? 1 : 0);
    }

    private static Ready readReady(Input input) {
        return new Ready(
                Fields.readNumber(input, "from"),
                Fields.readNumber(input, "to"),
                Fields.readNumber(input, "reads memory", 1) == 1);
    }

    private static void writeAbort(Output output, Abort abort) {
        Fields.writeNumber(output, "origin", abort.origin());
        Fields.writeNumber(output, "kind", abort.kind().ordinal());
        Fields.writeNumbers(output, "missing ranks", abort.missing(), MISSING_LIMIT);
        Fields.writeText(output, "reason", abort.reason(), 0, REASON_LIMIT);
    }

    private static Abort readAbort(Input input) {
        return new Abort(
                Fields.readNumber(input, "origin"),
                Kind.values()[Fields.readNumber(input, "kind", Kind.values().length - 1)],
                Fields.readNumbers(input, "missing ranks", MISSING_LIMIT),
                Fields.readText(input, "reason", 0, REASON_LIMIT));
    }

    private static void writeLeave(Output output, Leave leave) {
        Fields.writeNumber(output, "from", leave.from());
    }

    private static Leave readLeave(Input input) {
        return new Leave(Fields.readNumber(input, "from"));
    }

    private static String shorten(String reason) {
        String text = cut(reason, REASON_LIMIT);
        while (text.getBytes(StandardCharsets.UTF_8).length > REASON_BYTES) {
            text = cut(text, text.length() - 1);
        }
        return text;
    }

    /** Never cuts a pair of surrogates in two. */
    private static String cut(String text, int most) {
        if (text.length() <= most) {
            return text;
        }
        return text.substring(0, Character.isHighSurrogate(text.charAt(most - 1)) ? most - 1 : most);
    }
}
