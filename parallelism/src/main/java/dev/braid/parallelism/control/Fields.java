package dev.braid.parallelism.control;

import com.esotericsoftware.kryo.kryo5.io.Input;
import com.esotericsoftware.kryo.kryo5.io.Output;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The fields of messages in bytes. What is written and what is read obeys the same limits, and a length that was read is compared
 * with what is left before anything is allocated. Refusals are {@link IllegalArgumentException}.
 */
final class Fields {
    private Fields() {}

    /** Writes a number from 0 to {@link Integer#MAX_VALUE}: a rank, an attempt, a count. */
    static void writeNumber(Output output, String name, int value) {
        output.writeVarInt(notNegative(name, value), true);
    }

    static int readNumber(Input input, String name) {
        return notNegative(name, input.readVarInt(true));
    }

    /** Reads a number from 0 to {@code most}. */
    static int readNumber(Input input, String name, int most) {
        int value = readNumber(input, name);
        if (value > most) {
            throw new IllegalArgumentException(name + " is " + value + ", at most " + most + " is allowed");
        }
        return value;
    }

    /** Writes exactly {@code length} bytes. */
    static void writeBytes(Output output, String name, byte[] bytes, int length) {
        if (bytes.length != length) {
            throw new IllegalArgumentException(name + " has " + bytes.length + " bytes, must have " + length);
        }
        output.writeBytes(bytes);
    }

    static byte[] readBytes(Input input, String name, int length) {
        if (length > left(input)) {
            throw new IllegalArgumentException(name + " needs " + length + " bytes, only " + left(input) + " are left");
        }
        return input.readBytes(length);
    }

    /** Writes a text of {@code least} to {@code most} characters in UTF-8, its bytes counted before it. */
    static void writeText(Output output, String name, String text, int least, int most) {
        byte[] bytes = lengthWithin(name, text, least, most).getBytes(StandardCharsets.UTF_8);
        output.writeVarInt(bytes.length, true);
        output.writeBytes(bytes);
    }

    static String readText(Input input, String name, int least, int most) {
        int length = readNumber(input, "length of " + name);
        byte[] bytes = readBytes(input, name, length);
        try {
            String text = StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes))
                    .toString();
            return lengthWithin(name, text, least, most);
        } catch (CharacterCodingException e) {
            throw new IllegalArgumentException(name + " is not UTF-8: " + Arrays.toString(bytes), e);
        }
    }

    /** Writes at most {@code most} numbers, their count before them. */
    static void writeNumbers(Output output, String name, List<Integer> values, int most) {
        writeNumber(output, "count of " + name, countWithin(name, values.size(), most));
        for (int value : values) {
            writeNumber(output, name, value);
        }
    }

    static List<Integer> readNumbers(Input input, String name, int most) {
        int count = countWithin(name, readNumber(input, "count of " + name), most);
        if (count > left(input)) {
            throw new IllegalArgumentException(count + " " + name + " in " + left(input) + " bytes");
        }
        List<Integer> values = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            values.add(readNumber(input, name));
        }
        return List.copyOf(values);
    }

    /** Bytes of the message that have not been read. */
    static int left(Input input) {
        return input.limit() - input.position();
    }

    private static int notNegative(String name, int value) {
        if (value < 0) {
            throw new IllegalArgumentException(name + " is " + value + ", must not be negative");
        }
        return value;
    }

    static int countWithin(String name, int count, int most) {
        if (count > most) {
            throw new IllegalArgumentException(count + " " + name + ", at most " + most + " are allowed");
        }
        return count;
    }

    private static String lengthWithin(String name, String text, int least, int most) {
        if (text.length() < least || text.length() > most) {
            throw new IllegalArgumentException(
                    name + " has " + text.length() + " characters, must have " + least + " to " + most);
        }
        return text;
    }
}
