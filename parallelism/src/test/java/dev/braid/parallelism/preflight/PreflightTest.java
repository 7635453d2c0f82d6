package dev.braid.parallelism.preflight;

import static org.assertj.core.api.Assertions.assertThat;

import dev.braid.parallelism.transport.aeron.AeronSizes;
import dev.braid.parallelism.transport.aeron.SizeLimits;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

class PreflightTest {
    private static final long MIB = 1 << 20;
    private static final AeronSizes SIZES = AeronSizes.of(new SizeLimits(4, 256 * MIB, 1500, 4 << 20, 4 << 20));

    /** A host on which all is well, of which each test changes one thing. */
    private HostFacts.Folder memory = new HostFacts.Folder(Path.of("/dev/shm"), true, 8192 * MIB, 8000 * MIB);

    private HostFacts.Folder disk = new HostFacts.Folder(Path.of("/tmp"), true, 90000 * MIB, 50000 * MIB);
    private NetworkCandidate network = candidate("eth0", "10.0.0.5", 1500, false);
    private String defaultRoute = "eth0";
    private long bufferLimit = 4194304;
    private long fileLimit = 65536;
    private boolean clockBackwards;
    private Instant now = Instant.parse("2026-11-22T10:00:00Z");

    @Test
    void shouldPassAHostOnWhichAllIsWell() {
        List<Check> checks = evaluate(Optional.empty());

        assertThat(checks)
                .allMatch(Check::passed)
                .allMatch(check -> check.change().isEmpty());
        assertThat(checks.stream().map(Check::name))
                .containsExactly(
                        "space",
                        "receive buffer",
                        "send buffer",
                        "interface",
                        "mtu",
                        "clock",
                        "time of day",
                        "open files");
        assertThat(Preflight.passed(checks)).isTrue();
    }

    @Test
    void shouldSayHowLargeSharedMemoryMustBe() {
        memory = new HostFacts.Folder(Path.of("/dev/shm"), true, 64 * MIB, 60 * MIB);
        disk = new HostFacts.Folder(Path.of("/tmp"), true, 100 * MIB, 10 * MIB);

        // Per rank: 3 peers * (2 logs of 12 MiB and 4 KiB, 1 MiB to send) + 4 MiB to receive; twice; and 21 MiB of the
        // driver.
        Check check = failed("space", Optional.empty());
        assertThat(check.found()).isEqualTo("/dev/shm has 60 MiB free; /tmp has 10 MiB free; up to 179 MiB are needed");
        assertThat(check.change())
                .startsWith(
                        "mount -o remount,size=184m /dev/shm, docker run --shm-size=184m, or in Kubernetes an emptyDir")
                .endsWith("or lower memoryLimit");
    }

    @Test
    void shouldWarnWhenOnlyADiskHasRoom() {
        memory = new HostFacts.Folder(Path.of("/dev/shm"), true, 64 * MIB, 64 * MIB);

        assertThat(failed("space", Optional.empty()).found())
                .contains("/dev/shm has 64 MiB free; /tmp has 50000 MiB free", "may be a disk");
    }

    @Test
    void shouldGiveTheLineThatRaisesASocketBuffer() {
        bufferLimit = 212992;

        Check check = failed("receive buffer", Optional.empty());
        assertThat(check.found()).isEqualTo("net.core.rmem_max is 212992, a window of 2097152 is wanted");
        assertThat(check.change()).startsWith("sysctl -w net.core.rmem_max=4194304");
        assertThat(failed("send buffer", Optional.empty()).change()).startsWith("sysctl -w net.core.wmem_max=4194304");
    }

    @Test
    void shouldListWhatThereIsWhenTheWantedInterfaceIsNot() {
        Check check = failed("interface", Optional.of("eth7"));

        assertThat(check.found())
                .isEqualTo("parallel.bind is 'eth7', but this host has no such interface or address that is up; it has"
                        + " eth0 10.0.0.5 (mtu 1500), lo 127.0.0.1 (mtu 65536, loopback)");
        assertThat(check.change()).isEqualTo("set parallel.bind to one of these");
    }

    @Test
    void shouldRefuseAnInterfaceWithTinyPackets() {
        network = candidate("eth0", "10.0.0.5", 576, false);

        assertThat(failed("mtu", Optional.empty()).change()).startsWith("ip link set eth0 mtu 1500");
    }

    @Test
    void shouldRefuseAClockThatGoesBackwards() {
        clockBackwards = true;

        assertThat(failed("clock", Optional.empty()).change()).contains("current_clocksource");
    }

    @Test
    void shouldRefuseATimeOfDayThatCannotBe() {
        now = Instant.parse("1970-01-01T00:03:00Z");

        assertThat(failed("time of day", Optional.empty()).found()).startsWith("1970-01-01T00:03:00Z cannot be right");
    }

    @Test
    void shouldSayHowManyFilesAreNeeded() {
        fileLimit = 256;

        // 40 open, 256 besides, 2 ranks with 3 peers each and 6 files a peer.
        Check check = failed("open files", Optional.empty());
        assertThat(check.found()).isEqualTo("a process may have 256 open, up to 332 are needed");
        assertThat(check.change()).startsWith("ulimit -n 332");
    }

    @Test
    void shouldShowWhatToChangeUnderWhatWasFound() {
        bufferLimit = 212992;

        assertThat(Preflight.describe(evaluate(Optional.empty())).lines().toList())
                .contains("CHANGE receive buffer  net.core.rmem_max is 212992, a window of 2097152 is wanted")
                .contains("ok     mtu             eth0 has mtu 1500");
    }

    @Test
    void shouldJudgeThisHost() {
        HostFacts facts = HostProbe.gather();

        assertThat(facts.candidates()).anyMatch(NetworkCandidate::loopback);
        assertThat(facts.clockBackwards()).isFalse();
        // The kernel itself allows no less.
        assertThat(facts.receiveBufferLimit().orElse(2048)).isGreaterThanOrEqualTo(2048);
        assertThat(facts.openFileLimit().orElse(1)).isPositive();
        assertThat(Preflight.evaluate(facts, Optional.empty(), SIZES, 2))
                .filteredOn(check -> check.name().equals("interface"))
                .singleElement()
                .satisfies(check -> assertThat(check.passed()).isTrue());
    }

    private List<Check> evaluate(Optional<String> bind) {
        HostFacts facts = new HostFacts(
                List.of(memory, disk),
                List.of(network, candidate("lo", "127.0.0.1", 65536, true)),
                defaultRoute,
                Optional.of("10.0.0.5"),
                OptionalLong.of(bufferLimit),
                OptionalLong.of(bufferLimit),
                OptionalLong.of(40),
                OptionalLong.of(fileLimit),
                clockBackwards,
                30,
                now);
        return Preflight.evaluate(facts, bind, SIZES, 2);
    }

    private Check failed(String name, Optional<String> bind) {
        List<Check> checks = evaluate(bind);
        assertThat(Preflight.passed(checks)).isFalse();
        return checks.stream()
                .filter(check -> check.name().equals(name) && !check.passed())
                .findFirst()
                .orElseThrow();
    }

    static NetworkCandidate candidate(String name, String address, int mtu, boolean loopback) {
        try {
            return new NetworkCandidate(name, InetAddress.getByName(address), mtu, true, loopback);
        } catch (UnknownHostException notAnAddress) {
            throw new IllegalArgumentException(notAnAddress);
        }
    }
}
