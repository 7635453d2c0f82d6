package dev.braid.config;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/** The word under {@code type:} that chooses this record among the permitted ones of its sealed interface. */
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.TYPE)
public @interface Choice {
    /** The word. */
    String value();

    /** Whether a map without the key {@code type} means this record; at most one of an interface. */
    boolean byDefault() default false;
}
