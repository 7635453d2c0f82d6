package dev.braid.parallelism.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.braid.parallelism.transport.RankAddress;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class RankAddressCodecTest {
    private static final RankAddress ADDRESS = new RankAddress(
            12,
            "node-3",
            "0c7f2a",
            4_000_000_000L,
            "f81d4fae",
            Map.of("tcp", "[fe80::1]:4711", "shared", "5f2c"),
            "/memfd/3");

    @Test
    void shouldReadBackAnAddress() {
        String text = RankAddressCodec.encode(ADDRESS);
        assertThat(text).startsWith("braid-rank-1:").hasLineCount(1).doesNotContain(" ");
        // RankAddress.equals compares every component.
        assertThat(RankAddressCodec.decode(text)).isEqualTo(ADDRESS);
        assertThat(RankAddressCodec.decode(text).endpoints()).isEqualTo(ADDRESS.endpoints());
    }

    @Test
    void shouldWriteEqualAddressesAlike() {
        RankAddress same = new RankAddress(
                12,
                "node-3",
                "0c7f2a",
                4_000_000_000L,
                "f81d4fae",
                Map.of("shared", "5f2c", "tcp", "[fe80::1]:4711"),
                "/memfd/3");
        assertThat(RankAddressCodec.encode(same)).isEqualTo(RankAddressCodec.encode(ADDRESS));
    }

    @Test
    void shouldSayWhatIsWrongWithAText() {
        assertRefused("", "not a rank's address: '', must start with 'braid-rank-1:'");
        assertRefused("hello", "not a rank's address: 'hello'");
        assertRefused("braid-rank-2:AAAA", "another version: 'braid-rank-2:AAAA', this program reads 'braid-rank-1:'");
        assertRefused("braid-rank-1:****", "Illegal base64 character 2a");
        String text = RankAddressCodec.encode(ADDRESS);
        assertRefused(text.substring(0, 40), "cannot be read");
        assertRefused(text + "AAAA", "bytes too many");
        assertRefused("x".repeat(8193), "8193 characters, at most 8192 are allowed");
    }

    @Test
    void shouldRefuseToWriteWhatBreaksALimit() {
        assertThatThrownBy(() -> RankAddressCodec.encode(new RankAddress(0, "h".repeat(1025), "", 1, "", Map.of(), "")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("host has 1025 characters, must have 0 to 1024");
        String long1024 = "x".repeat(1024);
        Map<String, String> endpoints = Map.of("a", long1024, "b", long1024, "c", long1024);
        assertThatThrownBy(() ->
                        RankAddressCodec.encode(new RankAddress(0, long1024, long1024, 1, long1024, endpoints, "")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("takes more than 8192 characters");
    }

    private static void assertRefused(String text, String reason) {
        assertThatThrownBy(() -> RankAddressCodec.decode(text))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(reason);
    }
}
