package dev.braid.trainer.spark;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/** HMAC-SHA256: proofs of a secret, and secrets for other uses made of it. */
final class Hmac {
    private static final String ALGORITHM = "HmacSHA256";

    private Hmac() {}

    /** 32 bytes that only those who know {@code secret} can make of {@code parts}, which are taken as one text. */
    static byte[] sign(byte[] secret, byte[]... parts) {
        try {
            Mac mac = Mac.getInstance(ALGORITHM);
            mac.init(new SecretKeySpec(secret, ALGORITHM));
            for (byte[] part : parts) {
                mac.update(part);
            }
            return mac.doFinal();
        } catch (GeneralSecurityException impossible) {
            throw new IllegalStateException("this JDK lacks " + ALGORITHM, impossible);
        }
    }

    /** A secret for one use: knowing it tells nothing of {@code secret} or of those for other uses. */
    static byte[] derive(byte[] secret, String use) {
        return sign(secret, ("braid " + use).getBytes(StandardCharsets.US_ASCII));
    }
}
