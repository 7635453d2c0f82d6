package dev.braid.parallelism.transport.simulated;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.junit.jupiter.api.Test;

class EventQueueTest {
    private record Event(long time, long number) {}

    @Test
    void shouldKeepTheOrderOfEventsOfOneTime() {
        EventQueue queue = new EventQueue();
        queue.add(20, 1);
        queue.add(10, 2);
        queue.add(20, 3);
        queue.add(10, 4);

        assertThat(List.of(queue.remove(), queue.remove(), queue.remove(), queue.remove()))
                .containsExactly(2L, 4L, 1L, 3L);
    }

    @Test
    void shouldHaveNoTimeWhenEmpty() {
        EventQueue queue = new EventQueue();
        assertThat(queue.nextTime()).isEqualTo(Long.MAX_VALUE);
        queue.add(5, 1);
        assertThat(queue.nextTime()).isEqualTo(5);
        queue.remove();
        assertThat(queue.nextTime()).isEqualTo(Long.MAX_VALUE);
    }

    @Test
    void shouldSortLikeAStableSort() {
        Seeds.upTo(50).forEach(seed -> {
            SeededRandom random = new SeededRandom(seed);
            EventQueue queue = new EventQueue();
            List<Event> expected = new ArrayList<>();
            for (int number = 0; number < 1000; number++) {
                Event event = new Event(random.below(100), number);
                expected.add(event);
                queue.add(event.time(), event.number());
            }
            expected.sort(Comparator.comparingLong(Event::time));
            for (Event event : expected) {
                assertThat(queue.nextTime()).as("seed %d", seed).isEqualTo(event.time());
                assertThat(queue.remove()).as("seed %d", seed).isEqualTo(event.number());
            }
        });
    }
}
