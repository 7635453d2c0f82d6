package dev.braid.parallelism.transport.aeron;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AeronSizesTest {
    private static final int KIB = 1024;
    private static final int MIB = 1024 * KIB;
    private static final long LIMIT = 256L * MIB;

    @Test
    void shouldGiveTwoRanksOnALoopbackTheLargestChannels() {
        AeronSizes sizes = AeronSizes.of(new SizeLimits(2, LIMIT, 65536, 4 * MIB, 4 * MIB));

        assertThat(sizes).isEqualTo(new AeronSizes(2, 4 * MIB, 65504, 4 * MIB, 65504, 2 * MIB, 4 * MIB, 1 * MIB));
        assertThat(sizes.ipcBytes()).isEqualTo(12 * MIB + 4096);
        assertThat(sizes.udpBytes()).isEqualTo(2 * (12 * MIB + 4096) + 1 * MIB + 4 * MIB);
    }

    @Test
    void shouldKeepSixtyFourRanksUnderTheLimit() {
        AeronSizes sizes = AeronSizes.of(new SizeLimits(64, LIMIT, 65536, 4 * MIB, 4 * MIB));

        assertThat(sizes)
                .isEqualTo(new AeronSizes(64, 1 * MIB, 65504, 512 * KIB, 65504, 256 * KIB, 4 * MIB, 256 * KIB));
        assertThat(sizes.ipcBytes()).isEqualTo(63L * (3 * MIB + 4096)).isLessThan(LIMIT);
        assertThat(sizes.udpBytes())
                .isEqualTo(63L * (2 * (3 * 512 * KIB + 4096) + 256 * KIB) + 4 * MIB)
                .isLessThan(LIMIT);
    }

    @ParameterizedTest
    @CsvSource({"576, 480", "1400, 1280", "1500, 1408", "8951, 8192", "9000, 8192", "65536, 65504"})
    void shouldFillAPacketOfTheInterfaceAndLeaveRoomForATunnel(int linkMtu, int udpMtu) {
        assertThat(AeronSizes.of(new SizeLimits(4, LIMIT, linkMtu, 4 * MIB, 4 * MIB))
                        .udpMtu())
                .isEqualTo(udpMtu);
    }

    @Test
    void shouldKeepTheWindowInsideTheSocketBufferThatTheSystemGrants() {
        AeronSizes sizes = AeronSizes.of(new SizeLimits(2, LIMIT, 1500, 212992, 212992));

        assertThat(sizes.receiveBuffer()).isEqualTo(212992);
        assertThat(sizes.window()).isEqualTo(212992);
        assertThat(sizes.sendBuffer()).isEqualTo(212992);
    }

    @ParameterizedTest
    @CsvSource({"1", "2", "3", "5", "8", "17", "33", "64", "100", "128"})
    void shouldKeepEveryRuleOfAeronInEveryWorld(int ranks) {
        for (int linkMtu : new int[] {1500, 9000, 65536}) {
            for (int buffer : new int[] {212992, 4 * MIB}) {
                AeronSizes sizes = AeronSizes.of(new SizeLimits(ranks, LIMIT, linkMtu, buffer, buffer));

                assertThat(sizes.udpBytes()).isLessThanOrEqualTo(LIMIT);
                assertThat(sizes.ipcBytes()).isLessThanOrEqualTo(LIMIT);
                assertThat(sizes.window()).isBetween(sizes.udpMtu(), Math.min(sizes.udpTerm() / 2, buffer));
                assertThat(sizes.udpMtu()).isLessThanOrEqualTo(sizes.udpTerm() / 8);
                assertThat(sizes.ipcMtu()).isLessThanOrEqualTo(sizes.ipcTerm() / 8);
                assertThat(sizes.udpMtu() % 32).isZero();
                assertThat(sizes.sendBuffer()).isGreaterThanOrEqualTo(sizes.udpMtu());
            }
        }
    }

    @Test
    void shouldSayHowMuchMemoryTooManyRanksNeed() {
        assertThatThrownBy(() -> AeronSizes.of(new SizeLimits(1000, LIMIT, 1500, 4 * MIB, 4 * MIB)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("1000 ranks need at least")
                .hasMessageContaining("the limit is 268435456")
                .hasMessageContaining("raise memoryLimit to");
    }

    @Test
    void shouldSayWhichSystemSettingIsTooSmall() {
        assertThatThrownBy(() -> AeronSizes.of(new SizeLimits(2, LIMIT, 1500, 65536, 65536)))
                .hasMessageContaining("at most 65536 bytes, 131072 are needed: sysctl -w net.core.rmem_max=4194304");
    }
}
