package dev.braid.parallelism.mesh;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class PlacementTest {
    /** One process a task, on the hosts of that list: {@code a b a b}. */
    private static Placement place(Mesh mesh, String hosts) {
        List<String> names = List.of(hosts.split(" "));
        return Placement.of(
                mesh,
                IntStream.range(0, names.size())
                        .mapToObj(task -> new Site(names.get(task), "executor " + task))
                        .toList());
    }

    private static List<Integer> ranks(Placement placement, int count) {
        return IntStream.range(0, count).map(placement::rank).boxed().toList();
    }

    @Test
    void shouldKeepTheOrderOfTasksOnOneHost() {
        Placement placement = place(Mesh.of(1, 2, 2), "a a a a");
        assertThat(ranks(placement, 4)).containsExactly(0, 1, 2, 3);
        assertThat(placement.warnings()).isEmpty();
    }

    @Test
    void shouldKeepTensorGroupsInsideHostsWhenTasksAlternate() {
        Placement placement = place(Mesh.of(1, 2, 2), "a b a b");
        assertThat(ranks(placement, 4)).containsExactly(0, 2, 1, 3);
        assertThat(placement.task(1)).isEqualTo(2);
        assertThat(placement.hosts()).containsExactly("a", "a", "b", "b");
        assertThat(placement.crossing(Axis.TENSOR)).isEmpty();
        assertThat(placement.crossing(Axis.SHARD)).containsExactly(List.of(0, 2), List.of(1, 3));
    }

    @Test
    void shouldKeepShardGroupsInsideHostsOfUnequalSize() {
        // Two shard groups of 3 fit b; the third fits a. Had b taken 3 and a 6, it would be the same the other way
        // round.
        Placement placement = place(Mesh.of(3, 3, 1), "b a b b a b b a b");
        assertThat(placement.hosts()).containsExactly("b", "b", "b", "b", "b", "b", "a", "a", "a");
        assertThat(placement.crossing(Axis.SHARD)).isEmpty();
    }

    @Test
    void shouldCutTheShardGroupThatFitsNowhereAndKeepItsTensorGroups() {
        // Hosts of 4, 6 and 2 tasks, shard groups of 4: one on a, one on b; the third gets 2 on b and 2 on c.
        Placement placement = place(Mesh.of(3, 2, 2), "a a a a b b b b b b c c");
        assertThat(placement.hosts()).containsExactly("a", "a", "a", "a", "b", "b", "b", "b", "b", "b", "c", "c");
        assertThat(placement.crossing(Axis.TENSOR)).isEmpty();
        assertThat(placement.crossing(Axis.SHARD)).containsExactly(List.of(8, 10), List.of(9, 11));
        assertThat(placement.warnings()).isEmpty();
    }

    @Test
    void shouldSayWhichTensorGroupHadToCrossHosts() {
        Placement placement = place(Mesh.of(1, 3, 2), "a a a b b b");
        assertThat(placement.hosts()).containsExactly("a", "a", "b", "b", "b", "a");
        assertThat(placement.crossing(Axis.TENSOR)).containsExactly(List.of(4, 5));
        assertThat(placement.warnings())
                .containsExactly("1 of 3 tensor groups cross hosts, such as ranks 4, 5 on b, a: each of their layers"
                        + " waits for the network. Give every host a multiple of 2 ranks, or lower parallel.tensor");
    }

    @Test
    void shouldMakeRanksOfOneProcessNeighbours() {
        Site left = new Site("a", "left");
        Site right = new Site("a", "right");
        Placement placement = Placement.of(Mesh.of(1, 2, 2), List.of(left, right, left, right));
        assertThat(IntStream.range(0, 4).mapToObj(placement::site)).containsExactly(left, left, right, right);
    }

    @Test
    void shouldPlaceAsManyTensorGroupsAsHostsHaveRoomForWhateverTheirSizes() {
        for (int seed = 0; seed < 200; seed++) {
            Random random = new Random(seed);
            Mesh mesh = Mesh.of(1 + random.nextInt(3), 1 + random.nextInt(4), 1 + random.nextInt(4));
            List<String> hosts = random.ints(mesh.ranks(), 0, 1 + random.nextInt(5))
                    .mapToObj(host -> "host" + host)
                    .toList();
            Placement placement = place(mesh, String.join(" ", hosts));

            int[] tasks = IntStream.range(0, mesh.ranks())
                    .map(placement::task)
                    .sorted()
                    .toArray();
            assertThat(tasks)
                    .as("seed %d", seed)
                    .isEqualTo(IntStream.range(0, mesh.ranks()).toArray());
            assertThat(placement.rank(placement.task(mesh.ranks() - 1))).isEqualTo(mesh.ranks() - 1);
            assertThat(mesh.groups(Axis.TENSOR).size()
                            - placement.crossing(Axis.TENSOR).size())
                    .as("tensor groups inside hosts, seed %d", seed)
                    .isEqualTo(room(hosts, mesh.tensor()));
        }
    }

    @Test
    void shouldPlaceAsManyShardGroupsAsHostsHaveRoomFor() {
        for (int seed = 0; seed < 200; seed++) {
            Random random = new Random(seed);
            Mesh mesh = Mesh.of(1 + random.nextInt(4), 1 + random.nextInt(3), 1 + random.nextInt(3));
            List<String> hosts = random.ints(mesh.ranks(), 0, 1 + random.nextInt(4))
                    .mapToObj(host -> "host" + host)
                    .toList();
            Placement placement = place(mesh, String.join(" ", hosts));
            long whole = IntStream.range(0, mesh.replicate())
                    .filter(replica -> {
                        int size = mesh.stride(Axis.REPLICATE);
                        return placement.hosts().subList(replica * size, (replica + 1) * size).stream()
                                        .distinct()
                                        .count()
                                == 1;
                    })
                    .count();
            assertThat(whole).as("seed %d", seed).isEqualTo(room(hosts, mesh.stride(Axis.REPLICATE)));
        }
    }

    /** How many groups of {@code size} fit into the hosts. */
    private static int room(List<String> hosts, int size) {
        return hosts.stream().collect(Collectors.groupingBy(host -> host)).values().stream()
                .mapToInt(tasks -> tasks.size() / size)
                .sum();
    }

    @Test
    void shouldPlaceThousandsOfRanksOnTheirHosts() {
        Mesh mesh = new Mesh(1, 32, 64, 1, 8);
        List<String> hosts = IntStream.range(0, mesh.ranks())
                .mapToObj(task -> "host" + task % 2048)
                .toList();
        Placement placement = place(mesh, String.join(" ", hosts));
        assertThat(placement.warnings()).isEmpty();
        assertThat(placement.hosts().subList(16, 24)).containsOnly("host2");
    }

    @Test
    void shouldRefuseAnotherNumberOfTasks() {
        assertThatThrownBy(() -> place(Mesh.of(1, 2, 2), "a a a"))
                .hasMessage("3 tasks for the 4 ranks of replicate 1 x shard 2 x tensor 2");
    }

    @Test
    void shouldShortenLongLists() {
        List<Integer> many =
                Arrays.stream(IntStream.range(0, 64).toArray()).boxed().toList();
        assertThat(Ranks.text(many)).isEqualTo("0, 1, 2, 3, ..., 63");
    }
}
