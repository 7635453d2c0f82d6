package dev.braid.config;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** A YAML value as it was written, before anything is known about the kind that is wanted. */
sealed interface Value {
    /** Where it begins. */
    Place place();

    /** How a message calls it. */
    String described();

    /**
     * A single value.
     *
     * @param text the text without quotes
     * @param plain whether it was written without quotes, so that it may stand for a number, a truth value or null
     */
    record Scalar(Place place, String text, boolean plain) implements Value {
        @Override
        public String described() {
            if (!plain) {
                return "the text \"" + text + "\"";
            }
            return Scalars.isNumber(text) || Scalars.isTruth(text) ? text : "the text '" + text + "'";
        }
    }

    /** A list. */
    record Sequence(Place place, List<Value> items) implements Value {
        @Override
        public String described() {
            return "a list";
        }

        Sequence with(int index, Value item) {
            List<Value> changed = new ArrayList<>(items);
            if (index == items.size()) {
                changed.add(item);
            } else {
                changed.set(index, item);
            }
            return new Sequence(place, List.copyOf(changed));
        }
    }

    /** Keys with values, in the order of the file, each key once. */
    record Mapping(Place place, List<Entry> entries) implements Value {
        @Override
        public String described() {
            return "a map of keys";
        }

        Optional<Entry> find(String key) {
            return entries.stream().filter(entry -> entry.key().equals(key)).findFirst();
        }

        Mapping with(Entry added) {
            List<Entry> changed = new ArrayList<>(entries);
            for (int i = 0; i < changed.size(); i++) {
                if (changed.get(i).key().equals(added.key())) {
                    changed.set(i, added);
                    return new Mapping(place, List.copyOf(changed));
                }
            }
            changed.add(added);
            return new Mapping(place, List.copyOf(changed));
        }
    }

    /** A value that was refused while it was read; a fault says why, so nothing more is said about it. */
    record Unreadable(Place place) implements Value {
        @Override
        public String described() {
            return "an unreadable value";
        }
    }

    /**
     * A key of a map.
     *
     * @param place where the key, not its value, is written
     */
    record Entry(String key, Place place, Value value) {}
}
