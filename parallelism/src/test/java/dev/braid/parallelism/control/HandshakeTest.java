package dev.braid.parallelism.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.braid.parallelism.CommunicationSettings;
import dev.braid.parallelism.control.ControlMessage.Proof;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;

/** Figures computed with Python: hmac.new(secret, message, hashlib.sha256), the message as the class describes it. */
final class HandshakeTest {
    private static final byte[] THREE = HexFormat.of().parseHex("000102030405060708090a0b0c0d0e0f");
    private static final byte[] FIVE = HexFormat.of().parseHex("101112131415161718191a1b1c1d1e1f");

    private final Handshake handshake = handshake("run-7", 2, "0123456789abcdef");

    @Test
    void shouldMakeTheProofsThatPythonMakes() {
        Proof fromThree = handshake.prove(3, 5, THREE, FIVE);
        assertThat(HexFormat.of().formatHex(fromThree.mac()))
                .isEqualTo("35877c4123f718f88d3dc284bc3cad20eeb8de4f53310b1acfd917de28961e0f");
        assertThat(fromThree.nonce()).isEqualTo(FIVE);
        assertThat(HexFormat.of().formatHex(handshake.prove(5, 3, FIVE, THREE).mac()))
                .isEqualTo("c80054e4c6e163c62177a9c6d3d00da812901f680159f0023b76f16b0ba0e5fb");
    }

    @Test
    void shouldDeriveAnotherKeyForEachDirection() {
        assertThat(handshake.linkKey(3, 5, THREE, FIVE)).isEqualTo(0xdaae6cdca62eda9dL);
        assertThat(handshake.linkKey(5, 3, FIVE, THREE)).isEqualTo(0xe5f4798feea64c69L);
    }

    @Test
    void shouldTakeTheProofOfAPeer() {
        Proof fromThree = handshake.prove(3, 5, THREE, FIVE);
        assertThat(handshake.proves(fromThree, FIVE, THREE)).isTrue();
    }

    @Test
    void shouldRefuseAProofOfAnotherSecretRunOrAttempt() {
        for (Handshake other : new Handshake[] {
            handshake("run-7", 2, "0123456789abcdeF"),
            handshake("run-8", 2, "0123456789abcdef"),
            handshake("run-7", 1, "0123456789abcdef")
        }) {
            assertThat(handshake.proves(other.prove(3, 5, THREE, FIVE), FIVE, THREE))
                    .isFalse();
        }
    }

    @Test
    void shouldRefuseAReplayedOrReflectedOrChangedProof() {
        Proof proof = handshake.prove(3, 5, THREE, FIVE);
        byte[] fresh = "another of nonce".getBytes(StandardCharsets.US_ASCII);
        assertThat(handshake.proves(proof, fresh, THREE)).as("replayed").isFalse();
        assertThat(handshake.proves(proof, FIVE, fresh)).as("another hello").isFalse();
        Proof reflected = new Proof(5, 3, proof.nonce(), proof.mac());
        assertThat(handshake.proves(reflected, THREE, FIVE)).as("reflected").isFalse();
        assertThat(handshake.proves(new Proof(3, 6, FIVE, proof.mac()), FIVE, THREE))
                .as("for another rank")
                .isFalse();
        byte[] mac = proof.mac().clone();
        mac[31] ^= 1;
        assertThat(handshake.proves(new Proof(3, 5, FIVE, mac), FIVE, THREE))
                .as("one bit")
                .isFalse();
        assertThat(handshake.proves(new Proof(3, 5, THREE, proof.mac()), FIVE, THREE))
                .as("answers another nonce")
                .isFalse();
        assertThat(handshake.proves(new Proof(3, 5, FIVE, new byte[0]), FIVE, THREE))
                .as("no code")
                .isFalse();
    }

    @Test
    void shouldRefuseANonceOfAnotherLength() {
        assertThatThrownBy(() -> handshake.prove(3, 5, new byte[8], FIVE))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("nonce has 8 bytes, must have 16");
    }

    private static Handshake handshake(String runId, int attempt, String secret) {
        return new Handshake(CommunicationSettings.of(runId, attempt, secret.getBytes(StandardCharsets.US_ASCII)));
    }
}
