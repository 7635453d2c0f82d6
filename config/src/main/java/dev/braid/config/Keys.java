package dev.braid.config;

import java.util.Locale;

/** Dotted keys, as in {@code data.sources.0.path}. */
final class Keys {
    private Keys() {}

    static String join(String parent, String key) {
        if (parent.isEmpty()) {
            return key;
        }
        return key.isEmpty() ? parent : parent + "." + key;
    }

    /** {@code kvHeads} to {@code kv_heads}, {@code QKV_BIAS} to {@code qkv_bias}. */
    static String snakeCase(String name) {
        return name.replaceAll("([a-z0-9])([A-Z])", "$1_$2").toLowerCase(Locale.ROOT);
    }
}
