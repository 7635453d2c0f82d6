package dev.braid.config;

import dev.braid.config.Type.ChoiceOf;
import dev.braid.config.Type.Component;
import dev.braid.config.Type.RecordOf;
import dev.braid.config.Value.Entry;
import dev.braid.config.Value.Mapping;
import dev.braid.config.Value.Scalar;
import dev.braid.config.Value.Sequence;
import dev.braid.config.Value.Unreadable;
import java.util.List;
import java.util.Optional;

/** Sets values of the written tree from options like {@code optimizer.lr=1e-3}, before it is bound. */
final class Overrides {
    private final RecordOf root;
    private final FaultList faults;

    Overrides(RecordOf root, FaultList faults) {
        this.root = root;
        this.faults = faults;
    }

    Value apply(Value tree, List<String> overrides) {
        Value changed = tree;
        for (String override : overrides) {
            changed = apply(changed, override);
        }
        return changed;
    }

    private Value apply(Value tree, String override) {
        int equals = override.indexOf('=');
        String path = (equals < 0 ? override : override.substring(0, equals)).strip();
        Place place = Place.whole("-s " + path);
        List<String> segments = List.of(path.split("\\.", -1));
        if (equals < 0 || segments.stream().anyMatch(String::isBlank)) {
            faults.add(Place.whole("-s " + override), "", "expected key=value, as in -s optimizer.lr=1e-3", "");
            return tree;
        }
        int before = faults.size();
        Optional<Value> value = YamlParser.inline(place, override.substring(equals + 1), faults);
        if (faults.size() > before) {
            return tree;
        }
        Step step = new Step(segments, 0, place);
        return set(tree, Optional.of(root), step, value.orElse(new Scalar(place, "", true)));
    }

    /** How far along its path an option has come. */
    private record Step(List<String> segments, int depth, Place place) {
        String segment() {
            return segments.get(depth);
        }

        boolean isLast() {
            return depth == segments.size() - 1;
        }

        Step next() {
            return new Step(segments, depth + 1, place);
        }

        String parent() {
            return String.join(".", segments.subList(0, depth));
        }
    }

    private Value set(Value current, Optional<Type> type, Step step, Value value) {
        return switch (current) {
            case Mapping mapping -> setKey(mapping, type, step, value);
            case Sequence sequence -> setItem(sequence, type, step, value);
            case Unreadable unreadable -> unreadable;
            case Scalar scalar -> {
                Optional<Mapping> keys = asMapping(scalar, type);
                if (keys.isEmpty()) {
                    faults.add(
                            step.place(),
                            step.parent(),
                            "is a single value, " + scalar.text() + ", and has no keys below it",
                            "set " + step.parent() + " itself");
                    yield current;
                }
                yield setKey(keys.get(), type, step, value);
            }
        };
    }

    /** A bare word that stands for a choice, and a value that was left out, can be written as maps. */
    private static Optional<Mapping> asMapping(Scalar scalar, Optional<Type> type) {
        if (Scalars.isEmpty(scalar) || Scalars.isNull(scalar) || Binder.isNone(scalar)) {
            return Optional.of(new Mapping(scalar.place(), List.of()));
        }
        return type.map(Type::bare)
                .filter(bare -> bare instanceof ChoiceOf)
                .map(choice -> new Mapping(scalar.place(), List.of(new Entry(ChoiceOf.KEY, scalar.place(), scalar))));
    }

    private Value setKey(Mapping mapping, Optional<Type> type, Step step, Value value) {
        Optional<Entry> existing = mapping.find(step.segment());
        Place keyPlace = existing.map(Entry::place).orElse(step.place());
        if (step.isLast()) {
            return mapping.with(new Entry(step.segment(), step.place(), value));
        }
        Value child = existing.map(Entry::value).orElseGet(() -> start(mapping, type, step));
        Optional<Type> below = type.flatMap(known -> Type.below(known, mapping, step.segment()));
        return mapping.with(new Entry(step.segment(), keyPlace, set(child, below, step.next(), value)));
    }

    /** What stands at a key that was not written: its default, so that one part of it can be changed. */
    private static Value start(Mapping mapping, Optional<Type> type, Step step) {
        return type.flatMap(known -> Type.component(known, mapping, step.segment()))
                .flatMap((Component component) -> component.defaultAt(step.place()))
                .orElseGet(() -> new Mapping(step.place(), List.of()));
    }

    private Value setItem(Sequence sequence, Optional<Type> type, Step step, Value value) {
        int size = sequence.items().size();
        if (!Binder.isIndex(step.segment(), size + 1)) {
            faults.add(
                    step.place(),
                    step.parent(),
                    "is a list of " + size + ", and '" + step.segment() + "' is no place in it; allowed are 0 to "
                            + size + ", where " + size + " appends",
                    "");
            return sequence;
        }
        int index = Integer.parseInt(step.segment());
        if (step.isLast()) {
            return sequence.with(index, value);
        }
        Value child = index < size ? sequence.items().get(index) : new Mapping(step.place(), List.of());
        Optional<Type> below = type.flatMap(known -> Type.below(known, sequence, step.segment()));
        return sequence.with(index, set(child, below, step.next(), value));
    }
}
