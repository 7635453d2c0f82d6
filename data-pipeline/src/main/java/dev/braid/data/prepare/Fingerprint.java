package dev.braid.data.prepare;

import dev.braid.data.TextConfig;
import dev.braid.data.TokenizerConfig;
import dev.braid.data.source.SourceVersion;
import dev.braid.data.store.ShardIndex;
import dev.braid.data.tokenizer.Tokenizer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Names everything on which token shards depend: format, cleaning, each source's files (address, size, time of change) or the JDK's
 * version, limits, the tokenizer, the part for validation. Not the weights nor the length of samples, which only the sampler uses.
 */
final class Fingerprint {
    private static final int DIGITS = 16;

    private final MessageDigest digest;

    private Fingerprint() {
        try {
            digest = MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException impossible) {
            throw new IllegalStateException("every JDK has SHA-256", impossible);
        }
    }

    /**
     * The name.
     *
     * @param known the tokenizer, unless it is trained on the sources
     */
    static String of(TextConfig config, Inventory inventory, Optional<Tokenizer> known) {
        Fingerprint fingerprint = new Fingerprint();
        fingerprint.add("format", ShardIndex.FORMAT);
        fingerprint.add("cleaning", SourceVersion.CLEANING);
        fingerprint.add("planning", UnitPlanner.VERSION);
        fingerprint.add("validation", config.validation());
        fingerprint.add("tokenizer", TokenizerSource.kind(config.tokenizer()));
        if (config.tokenizer() instanceof TokenizerConfig.Bpe bpe) {
            fingerprint.add("vocabulary", bpe.vocab());
        }
        known.ifPresent(tokenizer -> new TreeMap<>(tokenizer.files()).forEach(fingerprint::add));
        for (Inventory.Source source : inventory.sources()) {
            fingerprint.add("source", source.config().path());
            fingerprint.add("limit", source.config().limitBytes());
            fingerprint.add("files", source.identity());
        }
        return HexFormat.of().formatHex(fingerprint.digest.digest()).substring(0, DIGITS);
    }

    private void add(String name, Object value) {
        add(name, value.toString().getBytes(StandardCharsets.UTF_8));
    }

    private void add(String name, byte[] value) {
        digest.update((name + " " + value.length + "\n").getBytes(StandardCharsets.UTF_8));
        digest.update(value);
    }
}
