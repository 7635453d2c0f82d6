package dev.braid.trainer.trace;

import static org.assertj.core.api.Assertions.assertThat;

import dev.braid.tensor.trace.Span;
import dev.braid.tensor.trace.Span.Kind;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class RankTraceTest {
    @Test
    void shouldWriteAProcessWithALaneForEachKindOfSpan() {
        List<Span> spans = List.of(
                Span.own(Kind.COMPUTE, "matmul", 1_000, 3_500),
                Span.own(Kind.WAIT, "shard", 3_500, 4_000),
                Span.own(Kind.PHASE, "forward", 900, 4_100),
                new Span(Kind.COMMUNICATION, "shard.values", "all_gather", 950, 3_990, 4096, 2048, true),
                new Span(Kind.COMMUNICATION, "world", "all_reduce", 4_000, 4_200, 16, 24, false));
        assertThat(events(new RankTrace(1, "shard 1", spans, 2_000_000, 0)))
                .containsExactly(
                        "{\"ph\":\"M\",\"pid\":2,\"tid\":0,\"name\":\"process_name\",\"args\":{\"name\":\"rank 1: shard 1\"}}",
                        "{\"ph\":\"M\",\"pid\":2,\"tid\":0,\"name\":\"process_sort_index\",\"args\":{\"sort_index\":1}}",
                        "{\"ph\":\"M\",\"pid\":2,\"tid\":1,\"name\":\"thread_name\",\"args\":{\"name\":\"phases\"}}",
                        "{\"ph\":\"M\",\"pid\":2,\"tid\":1,\"name\":\"thread_sort_index\",\"args\":{\"sort_index\":1}}",
                        "{\"ph\":\"X\",\"pid\":2,\"tid\":1,\"name\":\"forward\",\"cat\":\"phase\",\"ts\":2000.900,\"dur\":3.200}",
                        "{\"ph\":\"M\",\"pid\":2,\"tid\":2,\"name\":\"thread_name\",\"args\":{\"name\":\"compute\"}}",
                        "{\"ph\":\"M\",\"pid\":2,\"tid\":2,\"name\":\"thread_sort_index\",\"args\":{\"sort_index\":2}}",
                        "{\"ph\":\"X\",\"pid\":2,\"tid\":2,\"name\":\"matmul\",\"cat\":\"compute\",\"ts\":2001.000,\"dur\":2.500}",
                        "{\"ph\":\"M\",\"pid\":2,\"tid\":3,\"name\":\"thread_name\",\"args\":{\"name\":\"waits\"}}",
                        "{\"ph\":\"M\",\"pid\":2,\"tid\":3,\"name\":\"thread_sort_index\",\"args\":{\"sort_index\":3}}",
                        "{\"ph\":\"X\",\"pid\":2,\"tid\":3,\"name\":\"wait for shard\",\"cat\":\"wait\",\"ts\":2003.500,\"dur\":0.500}",
                        "{\"ph\":\"M\",\"pid\":2,\"tid\":4,\"name\":\"thread_name\",\"args\":{\"name\":\"in flight: shard\"}}",
                        "{\"ph\":\"M\",\"pid\":2,\"tid\":4,\"name\":\"thread_sort_index\",\"args\":{\"sort_index\":4}}",
                        "{\"ph\":\"X\",\"pid\":2,\"tid\":4,\"name\":\"all_gather values\",\"cat\":\"communication\",\"ts\":2000.950,"
                                + "\"dur\":3.040,\"args\":{\"group\":\"shard.values\",\"bytes\":4096,\"sent\":2048}}",
                        "{\"ph\":\"M\",\"pid\":2,\"tid\":5,\"name\":\"thread_name\",\"args\":{\"name\":\"in flight: world\"}}",
                        "{\"ph\":\"M\",\"pid\":2,\"tid\":5,\"name\":\"thread_sort_index\",\"args\":{\"sort_index\":5}}",
                        "{\"ph\":\"X\",\"pid\":2,\"tid\":5,\"name\":\"all_reduce\",\"cat\":\"communication\",\"ts\":2004.000,"
                                + "\"dur\":0.200,\"args\":{\"group\":\"world\",\"bytes\":16,\"sent\":24,\"unfinished\":true}}");
    }

    @Test
    void shouldPutCollectivesThatOverlapIntoLanesOfTheirOwn() {
        List<Span> spans = List.of(flight("a", 0, 10), flight("b", 5, 20), flight("c", 10, 15), flight("d", 16, 17));
        assertThat(Lanes.of(spans))
                .hasEntrySatisfying(
                        "in flight: shard",
                        lane -> assertThat(lane).extracting(Span::name).containsExactly("a", "c", "d"))
                .hasEntrySatisfying(
                        "in flight: shard 2",
                        lane -> assertThat(lane).extracting(Span::name).containsExactly("b"))
                .hasSize(2);
    }

    @Test
    void shouldPutTheLongerOfTwoPhasesThatStartTogetherFirst() {
        List<Span> spans = List.of(Span.own(Kind.PHASE, "inner", 5, 7), Span.own(Kind.PHASE, "outer", 5, 9));
        assertThat(Lanes.of(spans).get("phases")).extracting(Span::name).containsExactly("outer", "inner");
    }

    @Test
    void shouldSayHowManySpansWereLeftOut() {
        List<Span> spans = List.of(Span.own(Kind.COMPUTE, "matmul", 1_000, 3_500));
        assertThat(events(new RankTrace(0, "the only rank", spans, 0, 7)))
                .endsWith("{\"ph\":\"i\",\"pid\":1,\"tid\":1,\"name\":\"7 later spans left out: there was no room\","
                        + "\"s\":\"p\",\"ts\":1.000}");
    }

    private static Span flight(String name, long start, long end) {
        return new Span(Kind.COMMUNICATION, "shard.values", name, start, end, 8, 4, true);
    }

    private static List<String> events(RankTrace trace) {
        List<String> lines = new ArrayList<>();
        trace.events(lines::add);
        return lines;
    }
}
