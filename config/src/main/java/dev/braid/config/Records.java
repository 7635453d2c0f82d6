package dev.braid.config;

import dev.braid.config.Type.Component;
import dev.braid.config.Type.RecordOf;
import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.RecordComponent;
import java.util.Arrays;
import java.util.List;

/** Makes records and takes them apart. */
final class Records {
    private Records() {}

    /** @throws IllegalArgumentException if the record's constructor refuses the values */
    static Object construct(RecordOf type, List<Object> values) {
        Class<?>[] kinds = Arrays.stream(type.type().getRecordComponents())
                .map(RecordComponent::getType)
                .toArray(Class<?>[]::new);
        try {
            Constructor<?> constructor = type.type().getDeclaredConstructor(kinds);
            return constructor.newInstance(values.toArray());
        } catch (InvocationTargetException e) {
            if (e.getCause() instanceof IllegalArgumentException refusal) {
                throw refusal;
            }
            throw new IllegalStateException("the constructor of " + type.type().getName() + " failed", e.getCause());
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(type.type().getName() + " can't be made; is the record public?", e);
        }
    }

    static Object read(Object record, Component component) {
        try {
            return component.accessor().getAccessor().invoke(record);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(component.accessor() + " can't be read; is the record public?", e);
        }
    }
}
