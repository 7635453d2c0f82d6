package dev.braid.trainer.huggingface;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.braid.checkpoint.huggingface.ConfigFile;
import java.util.List;
import java.util.Optional;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Predicate;

/**
 * The keys of a {@code config.json} beside those of a model of Braid. A type says once which belong together; {@link FileKeys} then
 * takes the values out of a file, {@link ModelKeys} out of a model. Sections of the model are trees of its YAML keys; a name with
 * dots leads into inner sections. Used by one thread.
 */
interface Keys {
    /** The model's own section. */
    ObjectNode model();

    /** The section of the only mixer of kind {@code type} that {@code which} accepts; a file's gets the name {@code name}. */
    ObjectNode mixer(String name, String type, Predicate<ObjectNode> which);

    /** As above, of all of that kind. */
    default ObjectNode mixer(String name, String type) {
        return mixer(name, type, section -> true);
    }

    /** As above, when the file says that it has one, or when the model has one. */
    Optional<ObjectNode> mixerIf(Predicate<ConfigFile> written, String name, String type, Predicate<ObjectNode> which);

    /** The section of the branch {@code name} of a mixer with parallel branches, which must be of kind {@code type}. */
    ObjectNode branch(ObjectNode mixer, String name, String type);

    /** The section of the only feed-forward of kind {@code type}. */
    ObjectNode ffn(String name, String type);

    /** As above, or nothing when the model has none. A file's is left out when no layer has it. */
    Optional<ObjectNode> ffnIf(String name, String type);

    /**
     * The layers in order, as {@code mixer+ffn} or {@code mixer} with the names that were given above.
     *
     * @param read what the file says
     * @param write puts into a file what the model says
     */
    List<String> layers(Function<ConfigFile, List<String>> read, BiConsumer<List<String>, ObjectNode> write);

    /** An integer of 1 or more that must be there. */
    int count(String key, ObjectNode section, String name);

    /** As above; {@code otherwise} where it is not written. */
    int count(String key, int otherwise, ObjectNode section, String name);

    /** A number; {@code otherwise} where it is not written. */
    double number(String key, double otherwise, ObjectNode section, String name);

    /** A factor, 1 where it is not written. */
    void factor(String key, ObjectNode section, String name);

    /** Factors in an array, to names of as many; ones where they are not written. */
    void factors(String key, ObjectNode section, List<String> names);

    /** True or false; {@code otherwise} where it is not written. */
    boolean flag(String key, boolean otherwise, ObjectNode section, String name);

    /** A number that may be null, which is {@code none} in the model. */
    void numberOrNone(String key, ObjectNode section, String name);

    /** What the model means where it does not say {@code name}; a file is not asked. */
    void derived(ObjectNode section, String name, Object value);

    /** The type has this value always, and no key for it. */
    void always(ObjectNode section, String name, Object value);

    /** A key of the file that may only have this value; null for none. Written unless null. */
    void only(String key, Object value);

    /** A key of the file without influence on what the model computes; not written. */
    void ignored(String... keys);

    /** A key of the model of which the file says nothing. */
    void unsaid(ObjectNode section, String name, Object otherwise, String note);

    /** What a file needs beyond single keys, to be read into sections or to be refused. */
    void inFile(Consumer<ConfigFile> check);

    /** The counterpart of {@link #inFile}: keys that are made of sections, and may be refused by a {@link #fault}. */
    void inWritten(Consumer<ObjectNode> write);

    /** The type can't express a model. */
    void fault(String message);
}
