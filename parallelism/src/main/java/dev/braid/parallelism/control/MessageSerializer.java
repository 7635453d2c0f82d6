package dev.braid.parallelism.control;

import com.esotericsoftware.kryo.kryo5.Kryo;
import com.esotericsoftware.kryo.kryo5.Serializer;
import com.esotericsoftware.kryo.kryo5.io.Input;
import com.esotericsoftware.kryo.kryo5.io.Output;
import java.util.function.BiConsumer;
import java.util.function.Function;

/** Writes and reads one kind of message by two functions; Kryo's own serializers would allocate by lengths that strangers send. */
final class MessageSerializer<T> extends Serializer<T> {
    private final BiConsumer<Output, T> writer;
    private final Function<Input, T> reader;

    MessageSerializer(BiConsumer<Output, T> writer, Function<Input, T> reader) {
        super(false, true);
        this.writer = writer;
        this.reader = reader;
    }

    @Override
    public void write(Kryo kryo, Output output, T message) {
        writer.accept(output, message);
    }

    @Override
    public T read(Kryo kryo, Input input, Class<? extends T> type) {
        return reader.apply(input);
    }
}
