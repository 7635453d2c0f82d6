package dev.braid.parallelism.pipeline.schedules;

import static org.assertj.core.api.Assertions.assertThat;

import dev.braid.parallelism.pipeline.Schedule;
import dev.braid.parallelism.pipeline.StageMap;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The tables of {@code golden/pipeline_schedules.json} and of the papers' notation for them. */
class GoldenSchedulesTest {
    /** The order of every rank in one schedule. */
    record Table(ScheduleName name, int ranks, int microbatches, List<String> orders) {
        @Override
        public String toString() {
            return name + " on " + ranks + " ranks, " + microbatches + " micro-batches";
        }
    }

    static List<Table> tables() {
        Iterator<String> lines = lines().filter(line -> !line.startsWith("#")).iterator();
        List<Table> tables = new ArrayList<>();
        while (lines.hasNext()) {
            String[] title = lines.next().split(" ");
            int ranks = Integer.parseInt(title[1]);
            List<String> orders = Stream.generate(lines::next).limit(ranks).toList();
            ScheduleName name = ScheduleName.find(title[0]).orElseThrow();
            tables.add(new Table(name, ranks, Integer.parseInt(title[2]), orders));
        }
        return tables;
    }

    @ParameterizedTest
    @MethodSource("tables")
    void shouldGiveTheGoldenTable(Table table) {
        Schedule schedule = Schedules.of(table.name(), table.ranks(), table.microbatches());
        assertThat(orders(schedule)).isEqualTo(table.orders());
    }

    /** The golden tables name the stage everywhere but where two letters or arrows say which of a rank's two stages it is. */
    private static List<String> orders(Schedule schedule) {
        boolean linear = schedule.map().equals(StageMap.linear(schedule.map().ranks()));
        return linear
                ? schedule.ranks().stream()
                        .map(order -> order.stream().map(Object::toString).collect(Collectors.joining(" ")))
                        .toList()
                : ScheduleNotation.of(schedule).ranks();
    }

    private static Stream<String> lines() {
        try (InputStream stream = GoldenSchedulesTest.class.getResourceAsStream("golden.txt")) {
            return new String(stream.readAllBytes(), StandardCharsets.UTF_8).lines();
        } catch (IOException unreadable) {
            throw new UncheckedIOException(unreadable);
        }
    }
}
