package dev.braid.trainer.trace;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import dev.braid.tensor.trace.Span;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;

/**
 * What one rank did, for a picture.
 *
 * @param rank in the world
 * @param place where it stands in the mesh, for a person
 * @param spans by the rank's own {@link System#nanoTime}
 * @param shift nanoseconds from that to the times of the picture, which are not negative
 * @param dropped spans that there was no room for
 */
public record RankTrace(int rank, String place, List<Span> spans, long shift, long dropped) {
    private static final JsonFactory JSON = new JsonFactory();

    private interface Fields {
        void write(JsonGenerator json) throws IOException;
    }

    /**
     * Hands each event to {@code lines} as a JSON object in one line. Rank r is process r + 1, since viewers take process 0 for
     * the idle one.
     */
    public void events(Consumer<String> lines) {
        lines.accept(metadata("process_name", 0, json -> json.writeStringField("name", "rank " + rank + ": " + place)));
        lines.accept(metadata("process_sort_index", 0, json -> json.writeNumberField("sort_index", rank)));
        int thread = 0;
        for (Map.Entry<String, List<Span>> lane : Lanes.of(spans).entrySet()) {
            thread++;
            int number = thread;
            lines.accept(metadata("thread_name", number, json -> json.writeStringField("name", lane.getKey())));
            lines.accept(metadata("thread_sort_index", number, json -> json.writeNumberField("sort_index", number)));
            for (Span span : lane.getValue()) {
                lines.accept(event("X", name(span), number, json -> complete(json, span)));
            }
        }
        if (dropped > 0) {
            lines.accept(event("i", dropped + " later spans left out: there was no room", 1, json -> {
                json.writeStringField("s", "p");
                time(json, "ts", spans.getLast().startNanos() + shift);
            }));
        }
    }

    private static String name(Span span) {
        return switch (span.kind()) {
            case PHASE, COMPUTE -> span.name();
            case WAIT -> "wait for " + span.name();
            case COMMUNICATION -> {
                int point = span.lane().indexOf('.');
                yield span.name() + (point < 0 ? "" : " " + span.lane().substring(point + 1));
            }
        };
    }

    private void complete(JsonGenerator json, Span span) throws IOException {
        json.writeStringField("cat", span.kind().name().toLowerCase(Locale.ROOT));
        time(json, "ts", span.startNanos() + shift);
        time(json, "dur", span.nanos());
        if (span.kind() == Span.Kind.COMMUNICATION) {
            json.writeObjectFieldStart("args");
            json.writeStringField("group", span.lane());
            json.writeNumberField("bytes", span.bytes());
            json.writeNumberField("sent", span.sentBytes());
            if (!span.ended()) {
                json.writeBooleanField("unfinished", true);
            }
            json.writeEndObject();
        }
    }

    private String metadata(String name, int thread, Fields arguments) {
        return event("M", name, thread, json -> {
            json.writeObjectFieldStart("args");
            arguments.write(json);
            json.writeEndObject();
        });
    }

    private String event(String phase, String name, int thread, Fields rest) {
        StringWriter text = new StringWriter(160);
        try (JsonGenerator json = JSON.createGenerator(text)) {
            json.writeStartObject();
            json.writeStringField("ph", phase);
            json.writeNumberField("pid", rank + 1);
            json.writeNumberField("tid", thread);
            json.writeStringField("name", name);
            rest.write(json);
            json.writeEndObject();
        } catch (IOException impossible) {
            throw new UncheckedIOException("a string writer failed", impossible);
        }
        return text.toString();
    }

    /** Microseconds, to the nanosecond. */
    private static void time(JsonGenerator json, String key, long nanos) throws IOException {
        json.writeFieldName(key);
        json.writeNumber(String.format(Locale.ROOT, "%d.%03d", nanos / 1000, nanos % 1000));
    }
}
