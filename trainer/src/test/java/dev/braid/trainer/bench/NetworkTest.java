package dev.braid.trainer.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.braid.parallelism.CommunicationSettings;
import dev.braid.parallelism.transport.RankAddress;
import dev.braid.tensor.DType;
import dev.braid.trainer.ranks.RankAssignment;
import dev.braid.trainer.ranks.RankEnd;
import dev.braid.trainer.ranks.RankJvm;
import dev.braid.trainer.ranks.RankProcess;
import dev.braid.trainer.ranks.RankProcesses;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Three ranks on a network, one link slow and lossy, one cable pulled at the end: {@code ./braid test --long network}. */
@Tag("long")
class NetworkTest {
    private static final int RANKS = 3;
    private static final Duration STEP = Duration.ofMinutes(5);
    private static final ObjectMapper MAPPER = new ObjectMapper();
    private static final CommPlan PLAN = new CommPlan(
            List.of(CommOperation.values()), List.of(4L << 10, 1L << 20, 4L << 20), DType.F32, false, 5, 500, 100);

    @Test
    void shouldCarryEverythingOverUdpAndNameTheRankWhoseCableIsPulled() throws Exception {
        Optional<Namespaces> permitted = Namespaces.open(RANKS);
        assumeThat(permitted)
                .as("skipped: network namespaces can't be made here")
                .isPresent();
        try (Namespaces network = permitted.orElseThrow();
                RankProcesses ranks = start(network)) {
            List<RankAddress> addresses = ranks.addresses(STEP);
            try (RankProcesses relay = relay(network, addresses)) {
                List<?> ports = MAPPER.readValue(event(relay.rank(0)), List.class);
                ranks.introduce(rank -> seenFrom(rank, addresses, ports));
                System.out.println(CommText.header());
                for (int rank = 0; rank < RANKS; rank++) {
                    awaitReady(ranks.rank(rank));
                }
                relay.rank(0).send("count");
                System.out.println("relay between ranks 0 and 1: " + event(relay.rank(0)));
                network.cut(2);
                checkEnds(ranks);
            }
        }
    }

    private static RankProcesses start(Namespaces network) throws Exception {
        CommunicationSettings settings = CommBenchmark.settings().withTransport("udp");
        String task = MAPPER.writeValueAsString(PLAN);
        List<RankJvm> jvms = new ArrayList<>();
        List<RankAssignment> assignments = new ArrayList<>();
        for (int rank = 0; rank < RANKS; rank++) {
            jvms.add(RankJvm.of(NetworkRank.class).withPrefix(network.on(rank)));
            assignments.add(RankAssignment.of(rank, RANKS, settings.withBind(Namespaces.address(rank)), task));
        }
        return RankProcesses.start(jvms, assignments);
    }

    /** Delays by 5 ms and loses 1 %, in each direction of each of the two channels between ranks 0 and 1. */
    private static RankProcesses relay(Namespaces network, List<RankAddress> addresses) throws Exception {
        RelayProgram.Links links = new RelayProgram.Links(
                Namespaces.HUB_ADDRESS, List.of(place(addresses.get(0)), place(addresses.get(1))), 5, 0.01, 20_260_101);
        RankAssignment assignment = RankAssignment.of(0, 1, CommBenchmark.settings(), MAPPER.writeValueAsString(links));
        return RankProcesses.start(RankJvm.of(RelayProgram.class).withPrefix(network.onHub()), List.of(assignment));
    }

    /** Rank 0 dials rank 1 at the relay, and the other way round. */
    private static List<RankAddress> seenFrom(int rank, List<RankAddress> addresses, List<?> ports) {
        List<RankAddress> seen = new ArrayList<>(addresses);
        if (rank < 2) {
            int peer = 1 - rank;
            seen.set(peer, movedTo(addresses.get(peer), Namespaces.HUB_ADDRESS + ":" + ports.get(peer)));
        }
        return seen;
    }

    /** The part of an endpoint behind the stream's number. */
    private static String place(RankAddress address) {
        String endpoint = address.endpoints().get("udp");
        return endpoint.substring(endpoint.indexOf('@') + 1);
    }

    private static RankAddress movedTo(RankAddress address, String place) {
        Map<String, String> endpoints = new HashMap<>(address.endpoints());
        endpoints.computeIfPresent("udp", (name, endpoint) -> endpoint.substring(0, endpoint.indexOf('@') + 1) + place);
        return new RankAddress(
                address.rank(),
                address.host(),
                address.hostId(),
                address.processId(),
                address.processKey(),
                endpoints,
                address.memory());
    }

    private static void awaitReady(RankProcess rank) throws Exception {
        for (String said = event(rank); !said.equals("\"ready\""); said = event(rank)) {
            System.out.println(MAPPER.readValue(said, String.class));
        }
    }

    private static String event(RankProcess rank) throws InterruptedException {
        Optional<String> event = rank.event(STEP);
        assertThat(event)
                .as("%s said nothing, but printed: %s", rank, rank.output())
                .isPresent();
        return event.get();
    }

    private static void checkEnds(RankProcesses ranks) throws InterruptedException {
        List<RankEnd> ends = ranks.await(CommunicationSettings.DEADLINE.multipliedBy(3));
        IntStream.range(0, RANKS).forEach(rank -> System.out.println(ranks.describe(ends.get(rank))));
        for (int rank = 0; rank < 2; rank++) {
            assertThat(ends.get(rank).error().orElseThrow().missing()).containsExactly(2);
            assertThat(ends.get(rank).error().orElseThrow().message()).contains("rank 2");
        }
        assertThat(ends.get(2).error().orElseThrow().kind()).isNotEmpty();
    }
}
