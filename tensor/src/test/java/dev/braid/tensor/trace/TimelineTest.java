package dev.braid.tensor.trace;

import static org.assertj.core.api.Assertions.assertThat;

import dev.braid.tensor.Profile;
import dev.braid.tensor.trace.Span.Kind;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

class TimelineTest {
    private final Timeline timeline = new Timeline(4);

    @Test
    void shouldKeepWhatTheRankDidInTheOrderOfEnds() {
        timeline.span(Kind.COMPUTE, "matmul", 100, 180);
        timeline.span(Kind.WAIT, "shard", 180, 200);
        timeline.span(Kind.PHASE, "forward", 90, 210);
        assertThat(timeline.spans(300))
                .containsExactly(
                        new Span(Kind.COMPUTE, "", "matmul", 100, 180, 0, 0, true),
                        new Span(Kind.WAIT, "", "shard", 180, 200, 0, 0, true),
                        new Span(Kind.PHASE, "", "forward", 90, 210, 0, 0, true));
    }

    @Test
    void shouldKeepAnOperationThatWaitedAsItsWaitHoweverShort() {
        timeline.span(Kind.WAIT, "tensor", 101, 102);
        timeline.span(Kind.COMPUTE, "tensor.gather_rows", 100, 195);
        assertThat(timeline.spans(300)).containsExactly(new Span(Kind.WAIT, "", "tensor", 101, 102, 0, 0, true));
    }

    @Test
    void shouldKeepAnOperationThatCameAfterAWait() {
        timeline.span(Kind.WAIT, "tensor", 50, 99);
        timeline.span(Kind.COMPUTE, "matmul", 100, 200);
        assertThat(timeline.spans(300)).extracting(Span::name).containsExactly("tensor", "matmul");
    }

    @Test
    void shouldEndACollectiveWhenItWasDoneAndNotWhenItWasAskedFor() {
        timeline.flight(new Done("shard.values", "all_gather", 4096, 100, OptionalLong.of(170)));
        assertThat(timeline.spans(300))
                .containsExactly(
                        new Span(Kind.COMMUNICATION, "shard.values", "all_gather", 100, 170, 4096, 2048, true));
    }

    @Test
    void shouldCutACollectiveThatIsStillInFlight() {
        timeline.flight(new Done("shard.values", "all_gather", 8, 100, OptionalLong.empty()));
        timeline.flight(new Done("world", "all_reduce", 8, 110, OptionalLong.of(301)));
        assertThat(timeline.spans(300))
                .containsExactly(
                        new Span(Kind.COMMUNICATION, "shard.values", "all_gather", 100, 300, 8, 4, false),
                        new Span(Kind.COMMUNICATION, "world", "all_reduce", 110, 300, 8, 4, false));
    }

    @Test
    void shouldCountWhatThereIsNoRoomForAndKeepThePhases() {
        for (int i = 0; i < 6; i++) {
            timeline.span(Kind.COMPUTE, "matmul", 10 * i, 10 * i + 9);
        }
        timeline.flight(new Done("world", "all_reduce", 8, 70, OptionalLong.of(80)));
        timeline.span(Kind.PHASE, "forward", 0, 90);
        assertThat(timeline.spans(300)).hasSize(5).extracting(Span::name).endsWith("forward");
        assertThat(timeline.dropped()).isEqualTo(3);
    }

    @Test
    void shouldHearOfOperationsFromTheProfileUntilItIsToldNotTo() {
        Profile profile = new Profile();
        List<String> order = new ArrayList<>();
        profile.time("before", 0, () -> order.add("before"));
        profile.record(timeline);
        profile.time("during", 0, () -> order.add("during"));
        profile.record(Recorder.NONE);
        profile.time("after", 0, () -> order.add("after"));
        assertThat(order).containsExactly("before", "during", "after");
        assertThat(timeline.spans(Long.MAX_VALUE)).singleElement().satisfies(span -> {
            assertThat(span.name()).isEqualTo("during");
            assertThat(span.nanos()).isNotNegative();
        });
        assertThat(profile.entries()).hasSize(3);
    }

    private record Done(String group, String operation, long bytes, long startedNanos, OptionalLong endedNanos)
            implements Flight {
        @Override
        public long sentBytes() {
            return bytes / 2;
        }
    }
}
