package dev.braid.trainer.huggingface;

import dev.braid.config.Key;
import dev.braid.models.ModelConfig;
import java.lang.reflect.RecordComponent;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Where two models differ in what they compute, by the YAML keys. */
final class ModelDifference {
    private final Set<String> unsaid;
    private final List<String> differences = new ArrayList<>();

    private ModelDifference(Set<String> unsaid) {
        this.unsaid = unsaid;
    }

    /**
     * What {@code model} has and {@code other} has not, each as "key is a, but must be b".
     *
     * @param unsaid keys that may differ
     */
    static List<String> between(ModelConfig model, ModelConfig other, Set<String> unsaid) {
        ModelDifference difference = new ModelDifference(unsaid);
        List<ModelConfig.Layer> layers = model.arrangement();
        List<ModelConfig.Layer> others = other.arrangement();
        for (int i = 0; i < Math.min(layers.size(), others.size()); i++) {
            difference.layer(model, layers.get(i), other, others.get(i));
        }
        difference.components(model, other, "");
        return difference.differences.stream().distinct().toList();
    }

    private void layer(ModelConfig model, ModelConfig.Layer layer, ModelConfig other, ModelConfig.Layer otherLayer) {
        compare(model.mixers().get(layer.mixer()), other.mixers().get(otherLayer.mixer()), "mixers." + layer.mixer());
        compare(model.ffns().get(layer.ffn()), other.ffns().get(otherLayer.ffn()), "ffns." + layer.ffn());
    }

    private void components(Record one, Record other, String path) {
        for (RecordComponent component : one.getClass().getRecordComponents()) {
            String name = key(component);
            // Layers are compared one by one; names, and how weights begin, do not change what a model computes.
            boolean elsewhere = path.isEmpty()
                    && Set.of("preset", "mixers", "ffns", "pattern", "vocab").contains(name);
            if (elsewhere || unsaid.contains(name) || InitialValues.KEYS.contains(name)) {
                continue;
            }
            Object value = value(component, one);
            Object otherValue = value(component, other);
            Key key = component.getAnnotation(Key.class);
            boolean derived =
                    key != null && !key.derived().isEmpty() && Optional.empty().equals(value);
            if (!derived) {
                compare(value, otherValue, path.isEmpty() ? name : path + "." + name);
            }
        }
    }

    private void compare(Object value, Object other, String path) {
        if (value instanceof Optional<?> one
                && other instanceof Optional<?> two
                && one.isPresent()
                && two.isPresent()) {
            compare(one.get(), two.get(), path);
        } else if (value instanceof Record one && other instanceof Record two && one.getClass() == two.getClass()) {
            components(one, two, path);
        } else if (value instanceof Map<?, ?> one
                && other instanceof Map<?, ?> two
                && one.keySet().equals(two.keySet())) {
            one.forEach((key, entry) -> compare(entry, two.get(key), path + "." + key));
        } else if (value == null ? other != null : !value.equals(other)) {
            differences.add(path + " is " + shown(value) + ", but must be " + shown(other));
        }
    }

    private static String shown(Object value) {
        if (value instanceof Optional<?> optional) {
            return optional.map(ModelDifference::shown).orElse(Sections.NONE);
        }
        if (value instanceof Enum<?> word) {
            return word.name().toLowerCase(Locale.ROOT);
        }
        return value == null ? Sections.NONE : value.toString();
    }

    private static String key(RecordComponent component) {
        Key key = component.getAnnotation(Key.class);
        if (key != null && !key.name().isEmpty()) {
            return key.name();
        }
        return component.getName().replaceAll("([a-z0-9])([A-Z])", "$1_$2").toLowerCase(Locale.ROOT);
    }

    private static Object value(RecordComponent component, Record record) {
        try {
            return component.getAccessor().invoke(record);
        } catch (ReflectiveOperationException problem) {
            throw new IllegalStateException(component + " can't be read; is the record public?", problem);
        }
    }

    /** Keys that say how weights begin. */
    private static final class InitialValues {
        static final Set<String> KEYS = Set.of("init_std");
    }
}
