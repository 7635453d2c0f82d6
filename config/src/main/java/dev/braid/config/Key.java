package dev.braid.config;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Documents a component of a config record. The YAML key is the component's name in snake_case. The text makes the help, the
 * reference page and the JSON schema.
 */
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.RECORD_COMPONENT)
public @interface Key {
    /** The word for an empty {@code Optional}, unless {@link #empty} gives another. */
    String NONE = "none";

    /** What the key does, in one line. */
    String value();

    /** The YAML key where it cannot be the component's name ({@code final} is a word of Java). */
    String name() default "";

    /**
     * The default as YAML text. Without one the key is required, unless its type is {@code Optional} or it is derived. An
     * {@code Optional} key that is given the word of {@link #empty} is empty, whatever its default.
     */
    String byDefault() default "";

    /** The allowed words of a string key; none means any. */
    String[] allowed() default {};

    /** Words of a string key that a later version will understand; they are refused, and the message says so. */
    String[] later() default {};

    /** The word that stands for an empty {@code Optional}: where {@code none} would be misread, for example {@code auto}. */
    String empty() default NONE;

    /**
     * In words, where the value comes from when the key is not written ("the file's name without its ending"). Whoever reads the
     * file supplies it, see {@link ConfigReader#withDerived}; the key then counts as not required. For an {@code Optional} key it
     * only documents what an empty one means.
     */
    String derived() default "";

    /**
     * Whether the key, an {@code Optional} word, names a set of values that stand for those of the keys beside it that are not
     * written. Whoever reads the file supplies them, see {@link ConfigReader#withPresets}.
     */
    boolean preset() default false;
}
